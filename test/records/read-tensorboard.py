"""Prints what TensorBoard's own reader finds in a folder of runs: scalars and texts by run and tag."""
import json
import sys

from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

runs = EventMultiplexer(size_guidance={"scalars": 0, "tensors": 0}, tensor_size_guidance={"scalars": 0})
runs.AddRunsFromDirectory(sys.argv[1])
runs.Reload()
found = {}
for run, tags in runs.Runs().items():
    found[run] = {}
    for tag in tags["tensors"]:
        plugin = runs.SummaryMetadata(run, tag).plugin_data.plugin_name
        events = runs.Tensors(run, tag)
        value = (lambda p: p.string_val[0].decode()) if plugin == "text" else (lambda p: p.float_val[0])
        found[run][tag] = [[e.step, e.wall_time, value(e.tensor_proto)] for e in events]
json.dump(found, sys.stdout)
