"""Static files under names with their hash, also where one module of JavaScript imports another."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):
    # Without, a page could run today's script with yesterday's import out of a browser's cache.
    support_js_module_import_aggregation = True
