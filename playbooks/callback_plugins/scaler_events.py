"""One JSON object a line for what happens on each host; README.md has the fields."""

from __future__ import annotations

import json
import os
import time

from ansible.playbook.block import Block
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: scaler_events
type: notification
short_description: events as JSON lines
description:
  - Appends what happens to the file that the environment names, one JSON object a line.
options:
  events:
    description: The file. Without it nothing is written.
    type: path
    env:
      - name: SCALER_EVENTS
    ini:
      - section: scaler_events
        key: events
"""

# Of each text of a program's: its end says why it failed.
LONGEST = 4000


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "scaler_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._file = None
        self._begun = {}

    def set_options(self, *args, **kwargs):
        super().set_options(*args, **kwargs)
        path = self.get_option("events")
        if path:
            # Each line is one write, so that a reader never sees half of one.
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _tell(self, event, **fields):
        if self._file is not None:
            line = json.dumps({"event": event, "at": time.time(), **fields}, default=str)
            os.write(self._file, line.encode() + b"\n")

    def v2_playbook_on_start(self, playbook):
        self._tell("start", playbook=os.path.basename(playbook._file_name))

    def v2_playbook_on_play_start(self, play):
        hosts = play.get_variable_manager()._inventory.get_hosts(play.hosts)
        self._tell("play", play=play.get_name(), hosts=[host.get_name() for host in hosts])

    def v2_runner_on_start(self, host, task):
        self._begun[(host.get_name(), task._uuid)] = time.time()
        self._tell("task", host=host.get_name(), **_named(task))

    def v2_runner_retry(self, result):
        self._tell(
            "retry",
            host=result.host.get_name(),
            attempt=result.result.get("attempts"),
            **_named(result.task),
        )

    def v2_runner_on_ok(self, result):
        self._result(result, "changed" if result.is_changed() else "ok")

    def v2_runner_on_skipped(self, result):
        self._result(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        # Waiting for a connection in vain is a failure to Ansible, and to everybody else a machine out of reach.
        waited = result.task.action.endswith("wait_for_connection")
        status = "unreachable" if waited else "failed"
        self._result(result, status, handled=bool(ignore_errors) or _rescued(result.task))

    def v2_runner_on_unreachable(self, result):
        self._result(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        def count(host):
            found = stats.summarize(host)
            found["failed"] = found.pop("failures")
            return found

        self._tell("stats", hosts={host: count(host) for host in sorted(stats.processed)})

    def _result(self, result, status, handled=False):
        host = result.host.get_name()
        begun = self._begun.pop((host, result.task._uuid), None)
        failed = status in ("failed", "unreachable")
        self._tell(
            "result",
            host=host,
            **_named(result.task),
            status=status,
            seconds=round(time.time() - begun, 3) if begun else 0.0,
            message=_message(result.result, failed),
            output=_output(result.result) if failed else None,
            handled=handled,
        )


def _named(task):
    role = task._role.get_name() if task._role else None
    return {"task": task.name or task.get_name(), "role": role, "id": task._uuid}


def _message(result, failed):
    """What there is to say, in one text. Of a censored result: that it is."""
    if "censored" in result:
        return result["censored"] if failed else None
    # Of a loop, what its failed rounds say.
    rounds = [one for one in result.get("results") or [] if isinstance(one, dict) and one.get("failed")]
    if failed and rounds:
        return _end("\n".join(filter(None, (_message(one, True) for one in rounds))))
    message = result.get("msg")
    if failed and message in (None, "", "non-zero return code", "MODULE FAILURE"):
        said = (result.get("stderr") or result.get("module_stderr") or result.get("stdout") or "").strip()
        # Programs end with what they could not do; the cause is often a line before.
        message = "\n".join(said.splitlines()[-3:]) if said else message
    return _end(str(message)) if message else None


def _output(result):
    """What a program said that failed."""
    if "censored" in result or not any(key in result for key in ("stdout", "stderr", "module_stderr")):
        return None
    return {
        "stdout": _end(result.get("stdout") or result.get("module_stdout") or ""),
        "stderr": _end(result.get("stderr") or result.get("module_stderr") or ""),
        "exit": result.get("rc"),
    }


def _end(text):
    return text if len(text) <= LONGEST else text[-LONGEST:]


def _rescued(task):
    """Whether a block around the task has a rescue for it."""
    inner, outer = task, task._parent
    while outer is not None:
        if isinstance(outer, Block) and outer.rescue and any(one._uuid == inner._uuid for one in outer.block):
            return True
        inner, outer = outer, outer._parent
    return False
