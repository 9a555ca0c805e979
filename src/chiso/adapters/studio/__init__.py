"""The studio behind the volunteers: anny's head and Mitsuba's light."""
