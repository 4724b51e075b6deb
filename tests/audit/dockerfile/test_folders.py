"""D9: modes for files that close the directories around them."""

import pytest

from tests.audit.dockerfiles import Case, audit, message, places, unchecked

FILES = "FROM alpine AS files\nRUN mkdir -p /rootfs/etc/ssl /flat\nWORKDIR /work\n"
SCRATCH = f"{FILES}FROM scratch\n"
USER = "USER 10001:10001\n"


def severities(text: str) -> list[str]:
    return [place.split()[1] for place in places("D9", text)]


# Directories that are copied


@pytest.mark.parametrize("mode", ["444", "0444", "644", "440", "u=rw,go=r", "a=r", "a-x"])
def test_a_tree_of_directories_is_closed_by_a_mode_without_x(mode: str) -> None:
    text = f"{SCRATCH}COPY --from=files --chmod={mode} /usr/share/zoneinfo /usr/share/zoneinfo\n{USER}"
    assert places("D9", text) == ["5:27 error"]
    assert message("D9", text) == (
        f"--chmod={mode} also goes to the directories in /usr/share/zoneinfo: "
        "user 10001:10001 can open nothing there"
    )


@pytest.mark.parametrize("mode", ["555", "0755", "511", "1777", "a+rX", "u=rwX,go=rX", "+r", "go-w"])
def test_a_mode_with_x_leaves_it_open(mode: str) -> None:
    text = f"{SCRATCH}COPY --from=files --chmod={mode} /usr/share/zoneinfo /usr/share/zoneinfo\n{USER}"
    assert places("D9", text) == []


@pytest.mark.parametrize("source", ["/rootfs", "/rootfs/", "/rootfs/.", "/rootfs/etc", "/etc", "/"])
def test_a_directory_in_which_the_stage_made_others_is_a_tree(source: str) -> None:
    assert severities(f"{SCRATCH}WORKDIR /x\nCOPY --from=files --chmod=444 {source} /x/\n{USER}") == ["error"]


@pytest.mark.parametrize("source", ["/flat", "/work", "/conf.d", "/any/", "/etc/ssl/certs"])
def test_a_directory_that_may_hold_none_is_closed_where_its_copy_is_new(source: str) -> None:
    copy = f"COPY --from=files --chmod=444 {source} /x\n"
    assert severities(f"{SCRATCH}{copy}{USER}") == ["error"]
    there = f"{SCRATCH}WORKDIR /x\n{copy}{USER}"
    assert severities(there) == ["warning"]
    assert "may also go to the directory that" in message("D9", there)


def test_a_copy_of_the_parents_is_a_tree() -> None:
    assert severities(f"FROM scratch\nWORKDIR /x\nCOPY --parents --chmod=444 a/b.txt /x/\n{USER}") == [
        "error"
    ]


# Directories that are made


@pytest.mark.parametrize(
    ("copy", "made"),
    [
        ("cert.pem /etc/ssl/", "/etc/ssl"),
        ("cert.pem /etc/ssl/cert.pem", "/etc/ssl"),
        ("a.txt b.txt /data", "/data"),
        ("app /bin/app", "/bin"),
        ("https://example.org/x.pem /etc/ssl/x.pem", "/etc/ssl"),
        ("$NAME.pem ${FOLDER}/x.pem", "/etc/ssl"),
    ],
)
def test_docker_28_1_gives_the_mode_to_new_directories_too(copy: str, made: str) -> None:
    text = f"FROM scratch\nARG FOLDER=/etc/ssl NAME=x\nADD --chmod=444 {copy}\n{USER}"
    assert places("D9", text) == ["3:13 error"]
    assert f"also goes to {made}, which Docker 28.1 and later make" in message("D9", text)


def test_a_heredoc_is_a_file() -> None:
    assert severities(f"FROM scratch\nCOPY --chmod=444 <<EOF /etc/hosts\nx\nEOF\n{USER}") == ["error"]


@pytest.mark.parametrize(
    "before",
    [
        "WORKDIR /etc/ssl",
        "COPY a.pem /etc/ssl/a.pem",
        "COPY a.pem /etc/ssl/",
        "COPY --chmod=555 a b /etc/ssl/x/",
    ],
)
def test_a_directory_that_is_there_keeps_its_mode(before: str) -> None:
    assert places("D9", f"FROM scratch\n{before}\nCOPY --chmod=444 c.pem /etc/ssl/c.pem\n{USER}") == []


def test_a_file_in_the_root_has_no_directory_to_close() -> None:
    assert (
        places("D9", f"FROM scratch\nCOPY --chmod=444 a.txt /\nCOPY --chmod=444 a.txt /b.txt\n{USER}") == []
    )


def test_a_symbolic_mode_does_not_go_to_new_directories() -> None:
    assert places("D9", f"FROM scratch\nCOPY --chmod=a=r cert.pem /etc/ssl/cert.pem\n{USER}") == []


def test_where_a_tree_was_copied_before_nothing_is_sure() -> None:
    text = f"{SCRATCH}COPY --from=files /rootfs/ /\nCOPY --chmod=444 c.pem /etc/ssl/c.pem\n{USER}"
    assert places("D9", text) == []
    text = text.replace("/etc/ssl/", "/srv/x/").replace("/etc", "/x")
    assert places("D9", text.replace("/srv/x/", "/data/")) == ["6:14 warning"]


def test_with_link_no_directory_is_there_before() -> None:
    text = f"FROM alpine\nWORKDIR /etc/app\nCOPY --link --chmod=444 c.pem /etc/app/c.pem\n{USER}"
    assert places("D9", text) == ["3:21 error"]
    assert "also goes to /etc/app" in message("D9", text)
    assert places("D9", text.replace("--link ", "--link=false ")) == []


# Images with a system


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/app/conf.yml", ["warning"]),
        ("/new/path/", ["warning"]),
        ("/etc/nginx/nginx.conf", []),
        ("/usr/local/share/x.txt", []),
        ("/opt/x/y.txt", []),
    ],
)
def test_on_a_system_only_a_directory_that_systems_do_not_have_is_a_warning(
    path: str, expected: list[str]
) -> None:
    assert severities(f"FROM debian\nCOPY --chmod=444 f.txt {path}\n{USER}") == expected


@pytest.mark.parametrize("before", ["RUN mkdir -p /app/x", "RUN install -d -o 1 /app", "WORKDIR /app"])
def test_on_a_system_a_directory_that_was_made_before_is_there(before: str) -> None:
    assert severities(f"FROM debian\n{before}\nCOPY --chmod=444 f.txt /app/f.txt\n{USER}") == []


def test_a_target_below_an_unknown_folder_is_not_checked() -> None:
    text = f"FROM debian\nCOPY --chmod=444 f.txt conf/\n{USER}"
    assert unchecked("D9", text) == ["where --chmod=444 copies to is not known"]
    text = f"FROM scratch\nARG TO\nCOPY --chmod=444 f.txt $TO/f.txt\n{USER}"
    assert unchecked("D9", text) == ["where --chmod=444 copies to is not known"]
    assert unchecked("D9", text.replace("444", "555")) == []


# Whose directories


@pytest.mark.parametrize(
    ("user", "chown", "mode", "closed"),
    [
        ("10001:10001", "", "550", True),
        ("10001:10001", "10001:10001", "500", False),
        ("10001:10001", "10001", "400", True),
        ("10001:10001", "20002:10001", "550", False),
        ("10001:10001", "20002:20002", "550", True),
        ("10001:0", "", "550", False),
        ("10001", "", "550", False),
        ("10001", "", "540", True),
        ("app:app", "app", "700", False),
        ("app", "other", "700", True),
        ("app", "$UNKNOWN", "700", False),
    ],
)
def test_it_depends_on_whose_the_directory_is(user: str, chown: str, mode: str, *, closed: bool) -> None:
    flag = f"--chown={chown} " if chown else ""
    text = f"FROM scratch\nARG UNKNOWN\nCOPY {flag}--chmod={mode} a.txt /data/a.txt\nUSER {user}\n"
    assert (severities(text) == ["error"]) == closed


@pytest.mark.parametrize("user", ["", "USER root\n", "USER 0:0\n", "ARG U\nUSER $U\n"])
def test_for_root_and_for_an_unknown_user_it_is_a_warning(user: str) -> None:
    text = f"FROM scratch\nCOPY --chmod=444 a.txt /data/a.txt\n{user}"
    assert severities(text) == ["warning"]
    assert message("D9", text).endswith("only root can open anything there")
    assert severities(text.replace("444", "544")) == []


# The build context


def test_the_build_context_tells_what_is_a_folder() -> None:
    text = (
        "FROM scratch\nWORKDIR /app\n"
        f"COPY --chmod=444 config /app/config\nCOPY --chmod=444 x.d /app/y\n{USER}"
    )
    assert places("D9", text) == ["4:14 error"]
    read = Case(text=text, is_folder=lambda path: path == "config")
    assert places("D9", read) == ["3:14 error"]


def test_other_stages_are_left_alone() -> None:
    text = f"FROM alpine AS a\nCOPY --chmod=444 a.txt /data/a.txt\nFROM scratch\n{USER}"
    assert "D9" in {entry.rule for entry in audit(text).inapplicable}


def test_the_common_recipe_is_closed_in_three_places() -> None:
    text = (
        "FROM alpine AS files\nRUN adduser -D -u 10001 app\nFROM scratch\n"
        "COPY --from=files --chmod=444 \\\n    /etc/passwd \\\n    /etc/group \\\n"
        "    /etc/mime.types \\\n    /etc/\n"
        "COPY --from=files --chmod=444 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n"
        "COPY --from=files --chmod=444 /usr/share/zoneinfo /usr/share/zoneinfo\n"
        "COPY --from=files /app /bin/app\nUSER app:app\n"
    )
    assert places("D9", text) == ["10:27 error", "4:27 error", "9:27 error"]
