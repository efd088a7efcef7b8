"""What every test shares."""

import os

from hypothesis import settings

# No deadline: a busy machine is not a defect. In CI the examples are the same in each run: a red run can be repeated.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
