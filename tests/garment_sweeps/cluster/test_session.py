"""A cluster that is not there is said at once, and not after Ray's own minutes."""

import pytest

from garment_sweeps.cluster.session import ray_session
from garment_uv.errors import UserError


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "no Ray cluster answers at 127.0.0.1"),
        ("ray://127.0.0.1:9", "no Ray cluster answers at ray://127.0.0.1"),
        ("no-such-host.invalid:6379", "no Ray cluster answers at no-such-host.invalid:6379"),
        ("127.0.0.1:99999", "no Ray cluster answers at 127.0.0.1:99999"),
        ("http://head:8265", "a dashboard's URL: use `garment submit --address http://head:8265`"),
        ("nonsense", "no Ray cluster answers at nonsense"),
    ],
)
def test_an_address_where_no_cluster_is(address, said):
    with pytest.raises(UserError) as caught, ray_session(address):
        pass
    assert said in str(caught.value) and "\n" not in str(caught.value)
