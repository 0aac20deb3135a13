"""The folders that the settings name, before anything is kept in them."""

from pathlib import Path

from entrypoints.settings import Settings, WrongSetting, flag_of, variable_of


def prepare_folders(settings: Settings) -> None:
    """Make the data folder where it is missing. Raises WrongSetting for a folder that cannot be one."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _wrong("data_dir", f"no folder can be had at {settings.data_dir}: {error.strerror}") from error
    for name in ("sessions_dir", "system_prompts_dir", "tools_dir", "agents_dir", "agent_chats_dir"):
        _require_folder(name, getattr(settings, name))


def _require_folder(name: str, path: Path) -> None:
    """One that is not there yet will do. Raises WrongSetting."""
    try:
        is_amiss = path.exists() and not path.is_dir()
    except OSError as error:
        raise _wrong(name, f"{path} cannot be looked at: {error.strerror}") from error
    if is_amiss:
        raise _wrong(name, f"{path} is no folder")


def _wrong(name: str, reason: str) -> WrongSetting:
    return WrongSetting(f"wrong value for {variable_of(name)} ({flag_of(name)}): {reason}")
