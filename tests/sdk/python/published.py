"""Prints the words that the unmodified WorkOS SDK publishes and Lockstep must know, as JSON."""

import json

from workos.common.models import DirectoryState, DirectoryType
from workos.events.models import EventSchema

words = {
    "events": sorted(EventSchema._DISPATCH),
    "directory_types": [kind.value for kind in DirectoryType],
    "directory_states": [state.value for state in DirectoryState],
}
print(json.dumps(words))
