"""The files of a machine and of a user, beneath pinbot.yaml."""

import os
from pathlib import Path

import pytest

from pinbot.config import Config, RegistrySettings
from pinbot.errors import ConfigError
from pinbot.machine.registries import beneath


class Machine:
    """A machine's `etc` and a user's home in a folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.home = folder / "home"
        self.environ: dict[str, str] = {}

    def etc(self, path: str, text: str | bytes = "") -> Path:
        return self._write(self.root / "etc" / path, text)

    def user(self, path: str, text: str | bytes = "") -> Path:
        return self._write(self.home / ".config" / "containers" / path, text)

    def under(self, *registries: RegistrySettings) -> Config:
        return beneath(Config(registries=registries), self.environ, self.home, root=self.root)

    def refusal(self) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.under()
        return caught.value

    @staticmethod
    def _write(file: Path, text: str | bytes) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def to(name: str, location: str) -> str:
    return f'[[registry]]\nprefix = "{name}"\nlocation = "{location}"\n'


def test_an_empty_machine_says_nothing(machine: Machine) -> None:
    assert machine.under() == Config()


def test_the_users_file_stands_in_for_the_systems(machine: Machine) -> None:
    machine.etc("containers/registries.conf", to("a.io", "system.io") + to("b.io", "system.io"))
    machine.user("registries.conf", to("a.io", "user.io"))
    config = machine.under()
    assert (config.registry("a.io").host, config.registry("b.io").host) == ("user.io", "b.io")


def test_drop_ins_come_after_it_by_name_those_of_the_user_last(machine: Machine) -> None:
    machine.etc("containers/registries.conf", "".join(to(f"{name}.io", "main.io") for name in "abcd"))
    machine.etc("containers/registries.conf.d/20.conf", to("b.io", "20.io") + to("c.io", "20.io"))
    machine.etc("containers/registries.conf.d/10.conf", to("b.io", "10.io"))
    machine.etc("containers/registries.conf.d/30.txt", to("a.io", "ignored.io"))
    machine.user("registries.conf.d/00.conf", to("c.io", "user.io"))
    config = machine.under()
    assert [config.registry(f"{name}.io").host for name in "abcd"] == [
        "main.io",
        "20.io",
        "user.io",
        "main.io",
    ]
    assert config.registry("c.io").source.endswith("home/.config/containers/registries.conf.d/00.conf:1")


def test_a_variable_names_another_file(machine: Machine, tmp_path: Path) -> None:
    machine.user("registries.conf", to("a.io", "user.io"))
    machine.user("registries.conf.d/x.conf", to("b.io", "drop.io"))
    own = tmp_path / "own.conf"
    own.write_text(to("c.io", "own.io"))
    machine.environ["CONTAINERS_REGISTRIES_CONF"] = str(own)
    config = machine.under()
    assert [config.registry(f"{name}.io").host for name in "abc"] == ["a.io", "drop.io", "own.io"]


def test_pinbots_own_file_counts_whole_and_the_longest_name_wins(machine: Machine) -> None:
    machine.etc(
        "containers/registries.conf",
        to("docker.io", "mirror.io") + to("docker.io/library", "mirror.io/official"),
    )
    mine = RegistrySettings(name="docker.io", username_variable="U", password_variable="P")
    config = machine.under(mine)
    # What the file of a repository says of credentials never meets a location that it does not know of.
    assert config.registry("docker.io/owner/name") == mine
    official = config.registry("docker.io/library/alpine")
    assert official == RegistrySettings(name="docker.io/library", location="mirror.io/official")


def test_a_file_in_a_repository_cannot_lift_a_block(machine: Machine) -> None:
    machine.etc("containers/registries.conf", '[[registry]]\nlocation = "bad.io"\nblocked = true\n')
    config = machine.under(
        RegistrySettings(name="bad.io", source="pinbot.yaml:2"), RegistrySettings(name="bad.io/team")
    )
    for name in ("bad.io/x", "bad.io/team/x"):
        assert config.registry(name).blocked
        assert config.registry(name).source.endswith("etc/containers/registries.conf:1")


def test_certificates_are_those_of_the_host_that_is_asked(machine: Machine) -> None:
    authority = machine.etc("docker/certs.d/r.io:5000/ca.crt")
    cert = machine.etc("containers/certs.d/m.io/client.cert")
    key = machine.etc("containers/certs.d/m.io/client.key")
    config = machine.under(
        RegistrySettings(name="docker.io", location="m.io/hub"),
        RegistrySettings(name="quay.io", location="m.io", cert="own.cert", key="own.key"),
        RegistrySettings(name="plain.io", location="m.io", insecure=True),
    )
    assert config.registry("r.io:5000/x") == RegistrySettings(name="r.io:5000", authorities=(str(authority),))
    assert config.registry("r.io/x") == RegistrySettings(name="r.io")
    assert config.registry("docker.io").cert == str(cert)
    assert config.registry("docker.io").key == str(key)
    assert config.registry("quay.io").cert == "own.cert"
    assert config.registry("plain.io").cert is None
    assert config.registry("m.io/x").cert == str(cert)


def test_an_own_authority_stands_in_for_those_of_the_machine(machine: Machine) -> None:
    machine.etc("docker/certs.d/r.io/ca.crt")
    assert machine.under(RegistrySettings(name="r.io", ca="own.pem")).registry("r.io").authorities == ()


def test_a_wildcard_still_holds_for_a_host_with_certificates(machine: Machine) -> None:
    machine.etc("containers/registries.conf", '[[registry]]\nprefix = "*.corp.io"\nblocked = true\n')
    machine.etc("docker/certs.d/a.corp.io/ca.crt")
    found = machine.under().registry("a.corp.io/x")
    assert found.blocked
    assert len(found.authorities) == 1


def test_the_first_folder_for_a_host_counts_and_the_first_pair_in_it(machine: Machine) -> None:
    for name in ("b.cert", "b.key", "a.cert", "a.key", "z.crt", "y.crt", "README"):
        machine.user(f"certs.d/r.io/{name}")
    machine.etc("containers/certs.d/r.io/system.crt")
    machine.etc("docker/certs.d/not a host/ca.crt")
    found = machine.under().registry("r.io")
    names = [Path(file).name for file in (*found.authorities, found.cert or "", found.key or "")]
    assert names == ["y.crt", "z.crt", "a.cert", "a.key"]
    assert [settings.name for settings in machine.under().registries] == ["r.io"]


@pytest.mark.parametrize(("alone", "missing"), [("me.cert", "me.key"), ("me.key", "me.cert")])
def test_half_a_pair_is_told(machine: Machine, alone: str, missing: str) -> None:
    file = machine.etc(f"docker/certs.d/r.io/{alone}")
    error = machine.refusal()
    assert (error.file, error.message) == (str(file), f"stands without {missing}")


def test_mistakes_and_unreadable_files_are_told_with_their_place(machine: Machine) -> None:
    file = machine.etc("containers/registries.conf", b"# fine\nlocation = '\xff'\n")
    assert str(machine.refusal()).startswith(f"{file}:2: is not UTF-8 text")
    file.write_text('[[registry]]\nprefix = "a.io"\n')
    assert str(machine.refusal()).startswith(f"{file}:2: there is no location")
    file.write_bytes(b"#" * (1024 * 1024 + 1))
    assert "larger than 1 MiB" in machine.refusal().message
    file.unlink()
    file.mkdir()
    assert machine.refusal().message == "cannot be read: Is a directory"
    machine.environ["CONTAINERS_REGISTRIES_CONF"] = str(file.parent / "gone.conf")
    error = machine.refusal()
    assert (error.file, error.message) == (
        str(file.parent / "gone.conf"),
        "cannot be read: No such file or directory",
    )


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(machine: Machine) -> None:
    text = to("a.io", "b.io").replace("\n", "\r\n")
    machine.etc("containers/registries.conf", b"\xef\xbb\xbf" + text.encode())
    assert machine.under().registry("a.io").host == "b.io"


def test_a_pipe_does_not_hold_pinbot_up(machine: Machine) -> None:
    file = machine.etc("containers/registries.conf")
    file.unlink()
    os.mkfifo(file)
    assert "no regular file" in machine.refusal().message
