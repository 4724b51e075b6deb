"""What a proposal changes in a tree, once it is certain that the plan was made on that tree."""

from pinbot.errors import ForgeConflict
from pinbot.forge.remote import TreeChange, TreeEntry
from pinbot.forge.seal import blob_id
from pinbot.model.proposal import ProposedFile

_LINK = "120000"
_REGULAR = frozenset({"100644", "100755"})


def tree_change(file: ProposedFile, found: TreeEntry | None, base_branch: str) -> TreeChange:
    """The change to one file, once it is certain that the base holds what the plan was made on."""
    if found is None:
        raise ForgeConflict(
            f"there is no such file on {base_branch}",
            hint=f"commit and push it to {base_branch} first",
            file=file.path,
        )
    if found.mode == _LINK:
        raise ForgeConflict(
            f"the file is a symbolic link on {base_branch}",
            hint="name the file that it points to",
            file=file.path,
        )
    if found.mode not in _REGULAR:
        raise ForgeConflict(
            f"what stands there on {base_branch} is no file (its mode is {found.mode})",
            hint="a submodule is updated in its own repository",
            file=file.path,
        )
    if found.sha != blob_id(file.before):
        only_line_ends = found.sha == blob_id(file.before.replace(b"\r\n", b"\n"))
        raise ForgeConflict(
            f"the file is not what it is on {base_branch}"
            + (": its line ends were changed when it was checked out" if only_line_ends else ""),
            hint="check it out with core.autocrlf=false"
            if only_line_ends
            else f"check out {base_branch} as it is now, or push the changes to it that are only here",
            file=file.path,
        )
    return TreeChange(path=file.path, mode=found.mode, data=file.after)
