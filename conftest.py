"""What all tests share: property tests have no clock, since the machines they run on are shared."""

from hypothesis import settings

settings.register_profile("fata", deadline=None)
settings.load_profile("fata")
