"""A text that would run, were it ever markup."""

HOSTILE = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>"
