"""What can be called: functions as tools."""
