"""Writes the stacks of a cluster file's pools with Jinja2, as tools that template Terraform do.

render.py MODULE CLUSTER_FILE OUT
"""

import pathlib
import shutil
import sys

import jinja2
import yaml

HERE = pathlib.Path(__file__).parent


def main(module, cluster_file, out):
    with open(cluster_file) as file:
        cluster = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    names = ["backend.tf", "provider.tf", "terraform.tfvars.json"]
    templates = [(name, environment.get_template(name + ".j2")) for name in names]
    static = sorted(pathlib.Path(module).glob("*.tf"))
    for pool in cluster["pools"]:
        folder = pathlib.Path(out) / f"pool-{pool['name']}"
        folder.mkdir(parents=True, exist_ok=True)
        for file in static:
            shutil.copyfile(file, folder / file.name)
        for name, template in templates:
            (folder / name).write_text(template.render(cluster=cluster, pool=pool))


main(*sys.argv[1:])
