"""Pure writing: an analysis becomes pages in Markdown and HTML, and tables become CSV, with hostile text disarmed.

Import from the modules: whoever only writes CSV should not depend on how a page is worded.
"""
