"""Rules of `core`'s own routes and of the libraries' routes that are mounted."""

from serai.core import policy

policy.declare("core.public", "Everybody: pages and files that hold no record of anybody.")
policy.declare(
    "core.signed_in", "Everybody who is signed in; shows only what is theirs.", gate=policy.signed_in
)

policy.foreign_routes(
    {
        "set_language": "core.public",
        "static*": "core.public",
        "openapi-json": "core.public",
        "api-root": "core.public",
    }
)
