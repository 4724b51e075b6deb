"""A diagnosis to tables for people."""

from rich.console import Console

from pinbot.model.diagnosis import Access, BuilderFinding, Diagnosis, ForgeFinding, RegistryFinding
from pinbot.render import console
from pinbot.render.console import Cell


def doctor(out: Console, found: Diagnosis) -> None:
    """Registries, builders, git and the forge."""
    console.table(
        out,
        ("REGISTRY", "IMAGES", "ADDRESS", "ANSWER", "LOG-IN", "CREDENTIALS", "LIMIT"),
        map(_registry, found.registries),
    )
    if found.registries:
        out.print()
    console.table(out, ("BUILDER", "STATE", "NOTE"), map(_builder, found.builders))
    able = [finding for finding in found.builders if finding.capabilities]
    if able:
        out.print()
        names = (capability.name.upper() for capability in able[0].capabilities)
        console.table(out, ("BUILDER", *names), map(_capabilities, able))
    out.print()
    console.table(
        out,
        ("TOOL", "STATE", "NOTE"),
        (
            ("git", _state(found.git is not None), found.git or "not installed; all files are looked at"),
            ("pull requests", *_forge(found.forge)),
        ),
    )
    if found.forge.note:
        console.line(out, f"pull requests: {found.forge.note}", "yellow")


def _registry(finding: RegistryFinding) -> tuple[Cell, ...]:
    images = str(finding.images)
    if finding.failed:
        images = f"{finding.images - finding.failed} of {finding.images}"
    access = finding.access
    if access is None:
        return (finding.name, (images, "red"), "", ("not asked", "red"), "", "", "")
    return (
        finding.name,
        (images, "red" if finding.failed else "green"),
        access.address,
        (access.version, "green") if access.version else ("none", "red"),
        _log_in(access),
        _credentials(access),
        str(access.quota) if access.quota else "",
    )


def _log_in(access: Access) -> str:
    if access.scheme is None:
        return "none" if access.version else ""
    realm = f" from {access.realm}" if access.realm else ""
    return access.scheme.capitalize() + realm


def _credentials(access: Access) -> str:
    shown = [] if access.certificate is None else [access.certificate]
    if access.scheme is not None:
        shown.append(access.credentials or "anonymous")
    return ", ".join(shown)


def _builder(finding: BuilderFinding) -> tuple[Cell, ...]:
    if finding.problem is not None:
        hint = f" ({finding.problem.hint})" if finding.problem.hint else ""
        return finding.driver, _state(ok=False), finding.problem.message + hint
    use = "used for test builds" if finding.used else "not used" if finding.wanted else "not configured"
    return finding.driver, _state(ok=True), f"{finding.version}, {use}"


def _capabilities(finding: BuilderFinding) -> tuple[Cell, ...]:
    cells = (("yes", "green") if each.able else ("no", "yellow") for each in finding.capabilities)
    return (finding.driver, *cells)


def _forge(finding: ForgeFinding) -> tuple[Cell, str]:
    if finding.app is not None:
        token = f"app {finding.app} with " + (f"the key from {finding.token}" if finding.token else "no key")
    else:
        token = f"token from {finding.token}" if finding.token else "no token: set GITHUB_TOKEN"
    # With an app no repository needs to be named: --installed asks GitHub which there are.
    where = "wherever it is installed" if finding.app else "no GITHUB_REPOSITORY"
    if finding.repository:
        where = f"repository {finding.repository}"
    if finding.problem is not None:
        hint = f" ({finding.problem.hint})" if finding.problem.hint else ""
        return ("failed", "red"), f"{token}, {where}: {finding.problem.message}{hint}"
    known = finding.repository is not None or finding.app is not None
    return _state(ok=finding.token is not None and known), f"{token}, {where}"


def _state(ok: bool) -> Cell:  # noqa: FBT001 - it is the whole of it
    return ("ready", "green") if ok else ("missing", "yellow")
