from pinbot.model.build import BuildTarget


def test_targets_of_one_dockerfile_are_told_apart_by_name() -> None:
    plain = BuildTarget(dockerfile="svc/Dockerfile", context=".")
    release = BuildTarget(dockerfile="svc/Dockerfile", context=".", stage="release")
    arm = BuildTarget(dockerfile="svc/Dockerfile", context=".", platform="linux/arm64")
    both = BuildTarget(dockerfile="svc/Dockerfile", context=".", stage="release", platform="linux/arm64")
    assert [target.name for target in (plain, release, arm, both)] == [
        "svc/Dockerfile",
        "svc/Dockerfile (release)",
        "svc/Dockerfile (linux/arm64)",
        "svc/Dockerfile (release, linux/arm64)",
    ]
