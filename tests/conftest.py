"""Every run of the tests draws the same examples: a failure anywhere is a failure everywhere."""

import signal

from hypothesis import HealthCheck, settings

# Who starts the tests in the background of a script makes them ignore Ctrl-C, and what they start inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "same",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
settings.load_profile("same")
