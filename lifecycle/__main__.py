"""`python -m lifecycle`: the commands beside `dbt build`."""

import importlib

import click

COMMANDS = {
    "demo": ("lifecycle.demo", "Make the raw data of a demo shop."),
    "dataset": ("lifecycle.datasets", "Turn a public data set into a raw directory."),
    "validate-raw": ("lifecycle.expectations", "Check the shape of raw extracts before a load."),
    "validate-marts": ("lifecycle.expectations", "Compare the marts with the kept baseline."),
    "report": ("lifecycle.report", "Print what a build made."),
    "export": ("lifecycle.export", "Export audiences and triggers of a build that passed."),
    "spark": ("lifecycle.spark", "Run dbt on Spark."),
    "publish": ("lifecycle.publish", "Publish the marts of a build that passed, for BI."),
}


class LazyCommands(click.Group):
    """Imports a command's module only when it is called: some of them are slow to import."""

    def list_commands(self, context):
        return list(COMMANDS)

    def get_command(self, context, name):
        if name not in COMMANDS:
            return None
        module, _ = COMMANDS[name]
        return getattr(importlib.import_module(module), name.replace("-", "_"))

    def format_commands(self, context, formatter):
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=LazyCommands)
def main():
    """Tools beside the dbt project `lifecycle`."""


if __name__ == "__main__":
    main(prog_name="python -m lifecycle")
