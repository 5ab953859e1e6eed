"""What EC2 asks IAM before it does what a call says: one question for every resource that the call touches.

After the table of EC2's actions, resources and condition keys in AWS's service authorization reference.
"""

from collections.abc import Mapping

from tests.infra.iam import Request

Tags = Mapping[str, str]
PARTS = ("network-interface", "security-group", "subnet", "volume")
"""Kinds of resources that starting an instance always touches, beside the instance and its image."""


class Account:
    """An AWS account in one region.

    Args:
        number: of twelve digits.
        region: of the instances.
        instances: the tags of those that are there, by id.
    """

    def __init__(self, number: str, region: str, instances: Mapping[str, Tags]) -> None:
        self.number = number
        self.region = region
        self.instances = instances

    def asked(self, operation: str, arguments: Mapping) -> list[Request]:
        """The questions for a call as boto3 takes it; IAM must say yes to each of them.

        Raises:
            KeyError: the call is none that is known here, or names an instance that is not there.
        """
        if operation.startswith("Describe"):
            return [Request(f"ec2:{operation}")]
        if operation == "RunInstances":
            return self._starting(arguments)
        ids = arguments["Resources" if operation in ("CreateTags", "DeleteTags") else "InstanceIds"]
        wanted = _wanted_tags(arguments.get("Tags", ()))
        return [Request(f"ec2:{operation}", self._arn(f"instance/{one}"), wanted | self._tags_of(one)) for one in ids]

    def _starting(self, arguments: Mapping) -> list[Request]:
        specified = {one["ResourceType"]: _wanted_tags(one["Tags"]) for one in arguments.get("TagSpecifications", ())}
        kinds = ["instance", *PARTS]
        kinds += ["key-pair"] if "KeyName" in arguments else []
        kinds += ["spot-instances-request"] if "InstanceMarketOptions" in arguments else []
        image = Request("ec2:RunInstances", f"arn:aws:ec2:{self.region}::image/{arguments['ImageId']}")
        started = [Request("ec2:RunInstances", self._arn(f"{kind}/*"), specified.get(kind, {})) for kind in kinds]
        tagged = [
            Request("ec2:CreateTags", self._arn(f"{kind}/*"), tags | {"ec2:CreateAction": "RunInstances"})
            for kind, tags in specified.items()
        ]
        role = f"arn:aws:iam::{self.number}:role/{arguments['IamInstanceProfile']['Name']}"  # ours have the role's name
        return [image, *started, *tagged, Request("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})]

    def _arn(self, resource: str) -> str:
        return f"arn:aws:ec2:{self.region}:{self.number}:{resource}"

    def _tags_of(self, instance: str) -> dict[str, str]:
        return {f"aws:ResourceTag/{key}": value for key, value in self.instances[instance].items()}


def _wanted_tags(tags) -> dict[str, str]:
    return {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags}
