"""Share scam indicators without sharing the list.

>>> import bisik
>>> centre = bisik.keygen("Example Anti-Scam Centre")
>>> published = bisik.publish(["login-bank.example"], kind="domain", sign=centre, feed="names")
>>> feed = bisik.Feed.open(published.bytes, trust=[centre.card])
>>> matcher = bisik.Matcher([feed])
>>> matcher.match(["www.login-bank.example", "bank.example", None], kind="domain")
[True, False, False]

Whoever can read a feed can try every plausible value: see ``Feed.exposure`` and ``Feed.learners``.
"""

from bisik._bisik import (
    Account,
    BlindRequest,
    Budget,
    Card,
    Feed,
    History,
    KeySet,
    OprfKey,
    OprfServer,
    Policy,
    PreparedRequest,
    Publication,
    RecipientSecret,
    Remembered,
    Report,
    RetractionList,
    SightingLedger,
    SightingReport,
    SigningFile,
    TrustStore,
    __version__,
    apply,
    canonical,
    exposure,
    keygen,
    kinds,
    outline,
    seal_sightings,
    verify_log,
)
from bisik._blind import Prepared
from bisik._explain import Explanation, explain
from bisik._matcher import Matcher
from bisik._publish import publish
from bisik._revise import revise
from bisik._store import Store, StoreMatcher
from bisik.errors import (
    BisikError,
    BlindError,
    EnvelopeError,
    FileError,
    HostError,
    IdentifierError,
    LedgerError,
    MatchingError,
    PublicationError,
    TrustError,
)

__all__ = [
    "Account",
    "BisikError",
    "BlindError",
    "BlindRequest",
    "Budget",
    "Card",
    "EnvelopeError",
    "Explanation",
    "Feed",
    "FileError",
    "History",
    "HostError",
    "IdentifierError",
    "KeySet",
    "LedgerError",
    "Matcher",
    "MatchingError",
    "OprfKey",
    "OprfServer",
    "Policy",
    "Prepared",
    "PreparedRequest",
    "Publication",
    "PublicationError",
    "RecipientSecret",
    "Remembered",
    "Report",
    "RetractionList",
    "SightingLedger",
    "SightingReport",
    "SigningFile",
    "Store",
    "StoreMatcher",
    "TrustError",
    "TrustStore",
    "__version__",
    "apply",
    "canonical",
    "explain",
    "exposure",
    "keygen",
    "kinds",
    "outline",
    "publish",
    "revise",
    "seal_sightings",
    "verify_log",
]
