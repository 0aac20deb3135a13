"""The folders that the settings name, before anything is kept in them."""

from entrypoints.settings import Settings, WrongSetting, flag_of, variable_of


def prepare_folders(settings: Settings) -> None:
    """Make the data folder where it is missing. Raises WrongSetting for a folder that cannot be one."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongSetting(
            f"wrong value for {variable_of('data_dir')} ({flag_of('data_dir')}): "
            f"no folder can be had at {settings.data_dir}: {error.strerror}"
        ) from error
    for name in ("sessions_dir", "system_prompts_dir", "tools_dir", "agents_dir", "agent_chats_dir"):
        folder = getattr(settings, name)
        if folder.exists() and not folder.is_dir():
            raise WrongSetting(f"wrong value for {variable_of(name)} ({flag_of(name)}): {folder} is no folder")
