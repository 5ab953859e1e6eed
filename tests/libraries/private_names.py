"""Every name of Ray and Optuna that the platform uses and that neither library documents.

Any minor version may change them, so pyproject.toml allows one minor version of each. To move to another, raise the
bounds there and run `python -m pytest tests/libraries`: it says which names the new version lacks. Of those that are
still there, look up whether they still mean what the files named here take them for.
"""

PRIVATE_NAMES: dict[str, tuple[str, ...]] = {
    # ray/controller.py: Tune's loop, mended
    "ray.tune.tune": ("TuneController",),
    "ray.air._internal.usage": ("tag_callbacks",),
    "ray.tune.execution.tune_controller": ("TuneController",),
    "ray.tune.execution.tune_controller:TuneController": (
        "_actor_manager",
        "_max_pending_trials",
        "_maybe_reuse_cached_actor",
        "_process_trial_failure",
        "_resetting_trials",
        "_running_trials",
        "_schedule_trial_save",  # search/schedulers/tune_trials.py, as the next
        "_set_trial_status",
        "_started_actors",
        "_trial_to_actor",
        "checkpoint",
        "step",
    ),
    # search/schedulers: what a rule knows, to log why it decided
    "ray.tune.experiment.trial:Trial": ("run_metadata", "should_recover"),
    "ray.train._internal.checkpoint_manager:_CheckpointManager": ("_latest_checkpoint_result",),
    "ray.tune.schedulers.async_hyperband:AsyncHyperBandScheduler": ("_trial_info",),
    "ray.tune.schedulers.async_hyperband:_Bracket": ("_rungs",),
    "ray.tune.schedulers.hyperband:HyperBandScheduler": ("_eta", "_hyperbands", "_process_bracket", "_trial_info"),
    "ray.tune.schedulers.hyperband:_Bracket": (
        "_cumul_r",
        "_halves",
        "_live_trials",
        "_n",
        "cur_iter_done",
        "trials_to_unpause",
    ),
    "ray.tune.schedulers.median_stopping_rule:MedianStoppingRule": (
        "_grace_period",
        "_min_samples_required",
        "_results",
        "_running_mean",
        "_trials_beyond_time",
    ),
    "ray.tune.schedulers.pbt:PopulationBasedTraining": (
        "_exploit",
        "_next_perturbation_sync",
        "_perturbation_interval",
        "_quantiles",
        "_trial_state",
    ),
    "ray.tune.schedulers.pbt:_PBTTrialState": (
        "last_perturbation_time",
        "last_result",
        "last_score",
        "last_train_time",
    ),
    "ray.tune.schedulers.trial_scheduler:TrialScheduler": ("_metric",),
    # trials/ray_team.py: the processes of one trial
    "ray.train._internal.backend_executor": ("BackendExecutor",),
    "ray.train._internal.backend_executor:BackendExecutor": ("shutdown", "start", "worker_group"),
    "ray.train._internal.worker_group:WorkerGroup": ("execute", "execute_single_async"),
    # ray/nodes.py: nodes that are about to be taken away
    "ray._private.state": ("state",),
    "ray._private.state:GlobalState": ("get_draining_nodes",),
    # ray/session.py: what Ray says that is no news
    "ray._private.worker": ("logger",),
    # study/history.py, search/seen.py, study/repeats.py: the study as its storage holds it
    "optuna.study:Study": ("_storage", "_study_id"),
    "optuna.trial:FrozenTrial": ("_trial_id",),
    "optuna.trial:Trial": ("_trial_id",),
    "optuna.storages._cached_storage:_CachedStorage": ("_backend",),
    "optuna.storages:InMemoryStorage": ("_get_trial",),
}
"""Names by the module, or the class as `module:Class`, that has them."""
