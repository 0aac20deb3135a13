"""The server's command, with each file that Python opens, lists, moves or removes written down.

Usage: traced_server.py LOG. What is loaded as a program is left out: imports may come late, and name no file of users.
"""

import os
import sys
from pathlib import Path

_EVENTS = frozenset(
    {
        *(
            "open",
            "os.listdir",
            "os.scandir",
            "os.mkdir",
            "os.rename",
            "os.remove",
            "os.rmdir",
            "os.link",
            "os.symlink",
        ),
        *("os.truncate", "os.utime", "os.chmod", "shutil.move", "shutil.rmtree", "shutil.copyfile"),
    }
)
_PROGRAM_ENDINGS = (".py", ".pyc", ".so", ".pth")


def main() -> None:
    log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event not in _EVENTS:
            return
        for argument in arguments[:2]:
            if isinstance(argument, str | bytes | os.PathLike):
                path = os.fsdecode(argument)
                if not path.endswith(_PROGRAM_ENDINGS):
                    os.write(log, ascii(path).encode() + b"\n")
            if event == "open":
                break  # its second argument is the mode

    sys.addaudithook(note)
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from entrypoints.cli import main as serve  # noqa: PLC0415 - what it loads is to be seen, too

    serve()


if __name__ == "__main__":
    main()
