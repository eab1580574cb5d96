"""The Terraform module is what template.yaml makes of it: its parameters are variables, its outputs are outputs.

    python .ci/terraform.py            holds the files in terraform/ against the template
    python .ci/terraform.py --write    writes them anew, after a parameter or an output has changed
    python .ci/terraform.py --try      lets terraform take and refuse values, as CloudFormation would

Needs the environment of `.ci/aws-tools`.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import hcl2
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODULE = ROOT / "terraform"
CODE = re.compile(r"functions/[a-z-]+")
HEAD = "# Written by `python .ci/terraform.py --write` from template.yaml, which says the same.\n\n"


def snake(name):
    """DomainName as domain_name."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def quoted(text):
    """A string of HCL."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def literal(value):
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return quoted(value) if isinstance(value, str) else str(value)


def rules(name, parameter):
    """What the template demands of a parameter: condition and sentence of each validation."""
    variable = f"var.{snake(name)}"
    if "AllowedValues" in parameter:
        values = parameter["AllowedValues"]
        yield f"contains({literal(values)}, {variable})", f"{snake(name)} is one of: {', '.join(map(str, values))}."
    if "AllowedPattern" in parameter:
        # CloudFormation holds the whole value against it.
        pattern = quoted(f"^({parameter['AllowedPattern']})$")
        yield f"can(regex({pattern}, {variable}))", f"{snake(name)} matches {parameter['AllowedPattern']}."
    if "MinValue" in parameter:
        yield f"{variable} >= {parameter['MinValue']}", f"{snake(name)} is {parameter['MinValue']} or more."
    if "MaxValue" in parameter:
        yield f"{variable} <= {parameter['MaxValue']}", f"{snake(name)} is {parameter['MaxValue']} or less."
    if parameter["Type"] == "Number":
        yield f"floor({variable}) == {variable}", f"{snake(name)} is a whole number."


def variable(name, parameter):
    kind = {"String": "string", "Number": "number"}[parameter["Type"]]
    unknown = set(parameter) - {"Type", "Default", "Description", "AllowedValues", "AllowedPattern", "MinValue", "MaxValue"}
    if unknown:
        sys.exit(f"{name}: {', '.join(unknown)} would be lost")
    lines = [
        f'variable "{snake(name)}" {{',
        f"  type        = {kind}",
        f"  default     = {literal(parameter['Default'])}",
        "  nullable    = false",
        f"  description = {quoted(parameter['Description'])}",
    ]
    for condition, sentence in rules(name, parameter):
        lines += ["", "  validation {", f"    condition     = {condition}", f"    error_message = {quoted(sentence)}", "  }"]
    return "\n".join([*lines, "}"]) + "\n"


def output(name, declared):
    # What has a condition is not in every stack.
    value = f'lookup(local.outputs, "{name}", null)' if "Condition" in declared else f'local.outputs["{name}"]'
    return (
        f'output "{snake(name)}" {{\n  value       = {value}\n  description = {quoted(declared["Description"])}\n}}\n'
    )


def parameters(declared):
    width = max(map(len, declared))
    lines = [f"    {name.ljust(width)} = tostring(var.{snake(name)})" for name in declared]
    return "\n".join(["locals {", "  parameters = {", *lines, "  }", "}"]) + "\n"


def files(template):
    declared = template["Parameters"]
    return {
        "variables.tf": HEAD + "\n".join(variable(*each) for each in declared.items()),
        "outputs.tf": HEAD + "\n".join(output(*each) for each in template["Outputs"].items()),
        "parameters.tf": HEAD + parameters(declared),
    }


def complaints(template):
    for name, text in files(template).items():
        if (MODULE / name).read_text() != text:
            yield f"terraform/{name} is not what template.yaml says: python .ci/terraform.py --write"
    # By another's reading of the files, so that what is written here cannot agree with itself alone.
    read = {path.name: hcl2.loads(path.read_text()) for path in MODULE.glob("*.tf")}
    variables = {name: each for one in read["variables.tf"]["variable"] for name, each in one.items()}
    defaults = {name: each["default"] for name, each in variables.items()}
    defaults = {name: each[0] if isinstance(each, list) else each for name, each in defaults.items()}
    expected = {snake(name): each["Default"] for name, each in template["Parameters"].items()}
    if defaults != expected:
        yield f"other variables or defaults than parameters: {defaults.items() ^ expected.items()}"
    for name, resource in template["Resources"].items():
        # By this form main.tf knows what to upload, and what to say instead.
        if resource["Type"] == "AWS::Serverless::Function" and not CODE.fullmatch(resource["Properties"]["CodeUri"]):
            yield f"{name}: main.tf does not find its code"
    outputs = {name for one in read["outputs.tf"]["output"] for name in one}
    if outputs != {snake(name) for name in template["Outputs"]}:
        yield f"other outputs than the template's: {outputs}"


def allowed(parameter):
    """Values at the edge of what the template allows."""
    yield from parameter.get("AllowedValues", [])[-1:]
    yield from (parameter[bound] for bound in ("MinValue", "MaxValue") if bound in parameter)


def refused(parameter):
    """Values just beyond, and of another kind."""
    if "AllowedValues" in parameter:
        yield -1 if parameter["Type"] == "Number" else f"{parameter['AllowedValues'][0]}x"
    if "AllowedPattern" in parameter:
        yield "<>"
    if "MinValue" in parameter:
        yield parameter["MinValue"] - 1
        yield parameter["MinValue"] + 0.5
    if "MaxValue" in parameter:
        yield parameter["MaxValue"] + 1


def rounds(template, values):
    """One value for each variable at a time, until all have had their turn."""
    left = {snake(name): list(values(each)) for name, each in template["Parameters"].items()}
    while left := {name: rest for name, rest in left.items() if rest}:
        yield {name: rest.pop() for name, rest in left.items()}


def tried(template):
    """What terraform says of values: the variables alone need no provider."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(MODULE / "variables.tf", folder)

        def complained(values):
            (pathlib.Path(folder) / "trial.tfvars.json").write_text(json.dumps(values))
            plan = ["plan", "-no-color", "-input=false", "-lock=false", "-var-file=trial.tfvars.json"]
            said = subprocess.run(["terraform", f"-chdir={folder}", *plan], capture_output=True, text=True)
            names = set(re.findall(r"│ var\.(\w+) is ", said.stdout + said.stderr))
            if bool(said.returncode) != bool(names):
                sys.exit(said.stdout + said.stderr)
            return names

        taken, wrong = list(rounds(template, allowed)), list(rounds(template, refused))
        for values in taken:
            yield from (f"terraform refuses {name} = {values[name]}" for name in complained(values))
        for values in wrong:
            yield from (f"terraform takes {name} = {values[name]}" for name in set(values) - complained(values))
        print(f"terraform was asked about {sum(map(len, taken))} right values and {sum(map(len, wrong))} wrong ones")


def main():
    template = yaml_parse((ROOT / "template.yaml").read_text())
    match sys.argv[1:]:
        case ["--write"]:
            for name, text in files(template).items():
                (MODULE / name).write_text(text)
            return
        case ["--try"]:
            wrong = list(tried(template))
        case []:
            wrong = list(complaints(template))
            print(f"{len(template['Parameters'])} variables, {len(template['Outputs'])} outputs")
        case _:
            sys.exit(__doc__)
    print(*wrong, f"{len(wrong)} findings", sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
