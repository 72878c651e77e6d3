"""The back office: the admin's pages about what staff do, beside those of single tables.

A page is a view behind `doors.staff_page`, an address in its subject's `urls`, a line in
`navigation` and one in the role matrix of the tests. What it reads and does lies in the apps.
"""
