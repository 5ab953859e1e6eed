"""The command `garment`: finds the command, and turns what a user can mend into one line."""

import os
import sys

import click

from garment_sweeps.cli.group import LazyGroup
from garment_uv.errors import UserError
from garment_uv.outputs import CannotWrite

COMMANDS = {
    "data": ("garment_sweeps.cli.data.command", "Make, prepare and check datasets."),
    "train": ("garment_sweeps.cli.train.train", "One trial, without Ray."),
    "train-body": ("garment_sweeps.cli.train.train_body", "The network that takes a body from the picture alone."),
    "sweep": ("garment_sweeps.cli.sweep.sweep", "Many trials: Ray Tune and Optuna."),
    "submit": ("garment_sweeps.cli.sweep.submit", "A sweep on a running cluster, through Ray Jobs."),
    "leaderboard": ("garment_sweeps.cli.results.leaderboard", "A sweep's trials, ranked, beside the baselines."),
    "compare": ("garment_sweeps.cli.results.compare", "One HTML page: meshes side by side, curves, differences."),
    "evaluate": ("garment_sweeps.cli.models.evaluate", "S2S per class, of our model or of anyone's meshes."),
    "promote": ("garment_sweeps.cli.models.promote", "Make a sweep's best model the champion, if it passes."),
    "rollback": ("garment_sweeps.cli.models.rollback", "Back to the champion before."),
    "export": ("garment_sweeps.cli.models.export", "A model for inference alone: one program and a card."),
    "reconstruct": ("garment_sweeps.cli.reconstruct.command", "One RGB image to garment meshes."),
    "ui": ("garment_sweeps.cli.results.ui", "MLflow on loopback."),
    "doctor": ("garment_sweeps.cli.doctor.command", "What this machine has, lacks, and how to mend it."),
}
"""Every command with its place and one line; modules are imported when their command runs."""

EPILOG = """\b
Example:
  garment sweep quickstart
  garment leaderboard quickstart

Settings come from the environment: GARMENT_HOME, GARMENT_STORAGE, GARMENT_OPTUNA_STORAGE, MLFLOW_TRACKING_URI,
RAY_ADDRESS, AWS_ENDPOINT_URL_S3. With none of them everything stays in ./.garment. --debug, anywhere, shows tracebacks.
"""


@click.group(cls=LazyGroup, commands_by_name=COMMANDS, epilog=EPILOG, context_settings={"max_content_width": 110})
def garment() -> None:
    """From raw garment sequences to a promoted model: datasets, training, sweeps, comparison."""


def main(arguments: list[str] | None = None) -> int:
    """Runs `garment` and returns the exit status: 0, 1 for what failed, 2 for how it was called, 130 for Ctrl-C."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    try:
        _prepare_environment()
        garment.main([a for a in given if a != "--debug"], prog_name="garment", standalone_mode=False)
        return 0
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.ctx.get_help())
        return 2
    except click.ClickException as error:
        return _say(error, error.format_message().replace("\n", " ") + _hint(error), 2, debug)
    except (UserError, CannotWrite) as error:
        return _say(error, str(error), 1, debug)
    except (KeyboardInterrupt, click.exceptions.Abort) as error:
        return _say(error, "interrupted", 130, debug)
    except BrokenPipeError:
        return 1
    except Exception as error:  # the last resort: a user gets a line, a developer --debug
        line = f"{type(error).__name__}: {str(error).strip() or 'no message'}".splitlines()[0]
        return _say(error, f"{line} (this is a fault of garment; run again with --debug and report it)", 1, debug)


def _prepare_environment() -> None:
    from garment_sweeps.settings.environment import find_home

    os.environ["GARMENT_HOME"] = str(find_home())
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


def _hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see {context.command_path} --help)" if context else ""


def _say(error: BaseException, line: str, status: int, debug: bool) -> int:
    from garment_sweeps.settings.masking import masked

    if debug:
        import traceback

        print(masked("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    print(f"garment: {masked(line)}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
