"""Two image configs to what changed in them. Pure."""

from collections.abc import Iterable, Iterator

from pinbot.comparison import secrets
from pinbot.model.comparison import Setting, SettingChange, Value
from pinbot.model.image import ImageConfig


def changes(old: ImageConfig, new: ImageConfig) -> tuple[SettingChange, ...]:
    """What a container of the new image is given that is not what it was given before.

    The order of variables and labels does not count, and where a name is written twice, the last one does.
    """
    words = (
        _of_words(setting, before or None, after or None)
        for setting, before, after in (
            (Setting.ENTRYPOINT, old.entrypoint, new.entrypoint),
            (Setting.CMD, old.cmd, new.cmd),
            (Setting.USER, old.user, new.user),
            (Setting.WORKDIR, old.working_dir, new.working_dir),
            (Setting.STOP_SIGNAL, old.stop_signal, new.stop_signal),
            (Setting.PLATFORM, _platform(old), _platform(new)),
        )
        if before != after
    )
    return (
        *words,
        *_of_names(Setting.ENV, old.env, new.env),
        *_of_set(Setting.PORT, old.exposed_ports, new.exposed_ports),
        *_of_set(Setting.VOLUME, old.volumes, new.volumes),
        *_of_names(Setting.LABEL, old.labels, new.labels),
    )


def _of_words(setting: Setting, old: Value, new: Value) -> SettingChange:
    shown = [
        tuple(secrets.command(value)) if isinstance(value, tuple) else secrets.told(value)
        for value in (old, new)
    ]
    return SettingChange(setting=setting, old=shown[0], new=shown[1], secret=shown != [old, new])


def _of_names(
    setting: Setting, old: Iterable[tuple[str, str]], new: Iterable[tuple[str, str]]
) -> Iterator[SettingChange]:
    before, after = dict(old), dict(new)
    for name in sorted({*before, *after}):
        values = (before.get(name), after.get(name))
        if values[0] != values[1]:
            secret = any(value is not None and secrets.is_secret(name, value) for value in values)
            shown = [secrets.cut(value) if secret and value else value for value in values]
            yield SettingChange(setting=setting, name=name, old=shown[0], new=shown[1], secret=secret)


def _of_set(setting: Setting, old: Iterable[str], new: Iterable[str]) -> Iterator[SettingChange]:
    before, after = set(old), set(new)
    for value in sorted(before ^ after):
        shown = secrets.told(value)
        yield SettingChange(
            setting=setting,
            old=shown if value in before else None,
            new=shown if value in after else None,
            secret=shown != value,
        )


def _platform(config: ImageConfig) -> str | None:
    return str(config.platform) if config.platform else None
