"""The grammar of what operators need around executions: `db …`, `config`, `limits`, `completion`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_group, add_json, add_store, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_upkeep(groups: "Subparsers") -> None:
    """Add `db` and its commands, `config`, `limits` and `completion`."""
    group = add_group(groups, "db", "the store: back it up, check it")
    parser = add_command(
        group,
        "backup",
        performed_by("db", "back_up"),
        "copy the store into a file, while it is in use",
        "orchestrion db backup /backup/orchestrion-monday.db",
        "The copy is the store at one moment, and nobody waits for it. A file that is there is not\n"
        "overwritten. The packs that its executions use are copied beside it, into FILE.packs.\n"
        "The key that opens secrets is in a file of its own, and is not copied.",
        is_local=True,
    )
    parser.add_argument("file", metavar="FILE", help="where to; its folder must be there")
    add_store(parser)
    add_json(parser)
    parser = add_command(
        group,
        "check",
        performed_by("db", "check_store"),
        "look whether the store is sound, and change nothing",
        "orchestrion db check --db /backup/orchestrion-monday.db",
        "Looks at the file, its schema, what its rows refer to, and whether the key opens its secrets.",
        is_local=True,
    )
    add_store(parser)
    add_json(parser)
    parser = add_command(
        groups,
        "config",
        performed_by("settings", "show_settings"),
        "show every setting, and where its value comes from",
        "orchestrion config\nORCHESTRION_SLOTS=50 orchestrion config -j",
        "A flag comes first, then the environment (ORCHESTRION_SLOTS for slots), then the settings file:\n"
        "the one that ORCHESTRION_CONFIG names, else orchestrion.toml here, else the one in\n"
        "~/.config/orchestrion. It holds lines such as: slots = 50",
        is_local=True,
    )
    add_json(parser)
    parser = add_command(
        groups,
        "limits",
        performed_by("settings", "show_limits"),
        "show every bound of this version",
        "orchestrion limits",
        is_local=True,
    )
    add_json(parser)
    parser = add_command(
        groups,
        "completion",
        performed_by("completion", "print_completion"),
        "print what completes commands in a shell",
        'eval "$(orchestrion completion bash)"      # in ~/.bashrc\n'
        'eval "$(orchestrion completion zsh)"       # in ~/.zshrc, after compinit',
        "Completes commands, options, ids of executions, names of tasks, and workflows and actions of packs.",
        is_local=True,
    )
    parser.add_argument("shell", choices=("bash", "zsh"), help="which shell")
