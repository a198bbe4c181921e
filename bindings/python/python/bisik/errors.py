"""The exceptions: one class a kind of error, under one class a block of kinds, under ``BisikError``.

Written by ``generate_errors.py`` from the core's one table. No message holds an identifier or a key.

>>> import bisik
>>> try:
...     bisik.canonical("phone", "9123 4567")
... except bisik.IdentifierError as error:
...     error.kind, error.code, type(error) is MissingRegion
('missing-region', 106, True)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from bisik import _bisik

_TABLE = {int(row["code"]): row for row in _bisik.error_kinds()}
_CLASSES: dict[int, type[BisikError]] = {}


class BisikError(Exception):
    """What every error of bisik is."""

    kind: ClassVar[str] = ""
    """The stable name of the kind, in words joined by hyphens."""
    code: ClassVar[int] = 0
    """The stable number of the kind."""
    advice: ClassVar[str] = ""
    """What a person can do next."""
    position: int | None
    """Where: a byte offset in files and values, an item's number in lists."""

    def __init_subclass__(cls, *, code: int = 0) -> None:
        if code:
            row = _TABLE[code]
            cls.code, cls.kind, cls.advice = code, str(row["kind"]), str(row["advice"])
            _CLASSES[code] = cls

    def __init__(self, message: str = "", position: int | None = None) -> None:
        super().__init__(message, position)
        self.position = position

    def __str__(self) -> str:
        place = "" if self.position is None else f" (at {self.position})"
        return f"{self.args[0] or self.kind}{place}"


def class_of(code: int) -> type[BisikError]:
    """The class of a code; ``BisikError`` for one that this version does not know."""
    return _CLASSES.get(code, BisikError)


class IdentifierError(BisikError, ValueError):
    """A value that has no canonical form."""


class Empty(IdentifierError, code=100):
    """Nothing is left of the value after trimming."""


class TooLong(IdentifierError, code=101):
    """The value is longer than its kind can be."""


class InvalidUtf8(IdentifierError, code=102):
    """The bytes are not UTF-8."""


class InvalidCharacter(IdentifierError, code=103):
    """A character cannot stand in this kind."""


class InvalidSyntax(IdentifierError, code=104):
    """The value does not have the form of its kind."""


class BadChecksum(IdentifierError, code=105):
    """The check digits do not match: a typing error."""


class MissingRegion(IdentifierError, code=106):
    """A national number needs a region."""


class UnknownRegion(IdentifierError, code=107):
    """The region is not a known two-letter code."""


class NotValid(IdentifierError, code=108):
    """No such number is assigned in the numbering plan."""


class HasLetters(IdentifierError, code=109):
    """A phone number with letters."""


class HasExtension(IdentifierError, code=110):
    """A phone number with an extension."""


class UnknownKind(IdentifierError, code=111):
    """No kind of this name."""


class KindUnsupported(IdentifierError, code=112):
    """The kind has its number but this version has no canonical form for it."""


class PublicSuffix(IdentifierError, code=113):
    """A public suffix: everything under it would match."""


class UnknownBank(IdentifierError, code=114):
    """The bank code is not 8 letters and digits (BIC)."""


class WrongLength(IdentifierError, code=115):
    """The number of characters does not fit the kind."""


class NationalId(IdentifierError, code=116):
    """National identity numbers are refused."""


class UnsupportedScheme(IdentifierError, code=117):
    """Only http and https URLs have a canonical form here."""


class MixedCase(IdentifierError, code=118):
    """Upper and lower case disagree with the address's checksum."""


class MissingCountry(IdentifierError, code=119):
    """An account needs country and bank."""


class PublicationError(BisikError, ValueError):
    """Something that cannot be published."""

    rejects: Sequence[tuple[int, str | None, str]] = ()
    """The rows that were refused, as (row, kind, reason), if nothing else is left."""


class Guarded(PublicationError, code=200):
    """On the guard list: acting on it would hurt bystanders."""


class Enumerable(PublicationError, code=201):
    """An open salted feed of this kind can be read by anyone."""


class NothingAccepted(PublicationError, code=202):
    """No row was accepted."""


class RecordTooLong(PublicationError, code=203):
    """The claim does not fit the largest record."""


class CombinationNotAllowed(PublicationError, code=204):
    """These choices do not go together."""


class InvalidClaim(PublicationError, code=205):
    """A field of the claim is not valid."""


class TooManyEntries(PublicationError, code=206):
    """More entries than the format can hold."""


class RateUnreachable(PublicationError, code=207):
    """No filter of this set reaches the rate."""


class InvalidName(PublicationError, code=208):
    """A name or id has characters that it may not have."""


class ValidityTooLong(PublicationError, code=209):
    """A feed is valid for at most 30 days."""


class EpochTooOld(PublicationError, code=210):
    """An epoch lasts at most 90 days."""


class PreviousMismatch(PublicationError, code=211):
    """The previous feed is not of this publisher and feed id."""


class MissingColumn(PublicationError, code=212):
    """The table lacks a column."""


class InvalidRow(PublicationError, code=213):
    """The row cannot be read."""


class NotListed(PublicationError, code=214):
    """The previous version does not list it."""


class FileError(BisikError):
    """A file that is no valid feed."""


class NotAFeed(FileError, code=300):
    """The file does not begin like a feed."""


class UnsupportedVersion(FileError, code=301):
    """Written in a format version this program does not know."""


class Truncated(FileError, code=302):
    """The file ends too early."""


class TrailingBytes(FileError, code=303):
    """Bytes are left over."""


class LimitExceeded(FileError, code=304):
    """A size is over its limit."""


class Malformed(FileError, code=305):
    """A field has a value that it cannot have."""


class NotZero(FileError, code=306):
    """Padding that must be zero is not."""


class BadManifest(FileError, code=307):
    """The manifest is not what the format says."""


class DuplicateName(FileError, code=308):
    """A name stands twice in one JSON object."""


class HashMismatch(FileError, code=309):
    """A section is not the one that was signed."""


class UnsupportedSection(FileError, code=310):
    """A required section has a type this program does not know."""


class MustUnderstand(FileError, code=311):
    """The feed needs an extension this program does not know."""


class UnsupportedTokens(FileError, code=312):
    """The token scheme is not supported here."""


class BadDescriptor(FileError, code=313):
    """The filter's description is impossible."""


class NotSorted(FileError, code=314):
    """Entries are not in strictly rising order."""


class WrongPadding(FileError, code=315):
    """The file does not have its padded length."""


class Sealed(FileError, code=316):
    """The file is sealed."""


class NotSealed(FileError, code=317):
    """The file is not sealed."""


class UnsupportedAlgorithm(FileError, code=318):
    """An algorithm this program does not know."""


class LocalSeal(FileError, code=319):
    """Not prepared by this machine, or altered since."""


class TrustError(BisikError):
    """A signature, a key or a time that cannot be relied upon."""


class Untrusted(TrustError, code=400):
    """No trusted key signed this."""


class BadSignature(TrustError, code=401):
    """The signature does not fit the content."""


class NotAuthorised(TrustError, code=402):
    """The key may not sign for this feed."""


class BadKey(TrustError, code=403):
    """The key is not one of its type."""


class Revoked(TrustError, code=404):
    """The key was revoked."""


class ThresholdNotMet(TrustError, code=405):
    """Too few of the required signatures."""


class NotConfirmed(TrustError, code=406):
    """A person has to confirm this."""


class Rollback(TrustError, code=410):
    """An older version than the one already seen."""


class Equivocation(TrustError, code=411):
    """Two different feeds with one version number."""


class ClockWentBack(TrustError, code=412):
    """The clock is behind the newest signed time."""


class Expired(TrustError, code=413):
    """The feed has expired."""


class NotYetValid(TrustError, code=414):
    """The feed was issued in the future."""


class SnapshotNeeded(TrustError, code=415):
    """No delta leads there."""


class BaseMismatch(TrustError, code=416):
    """The delta is for another feed or version."""


class OutOfScope(TrustError, code=417):
    """More than the publisher may publish."""


class EnvelopeError(BisikError):
    """A sealed file or a record that does not open."""


class NotForRecipient(EnvelopeError, code=500):
    """The publisher did not address this file to your key."""


class NoMatchingKey(EnvelopeError, code=501):
    """None of the keys opens the file."""


class CannotOpen(EnvelopeError, code=502):
    """The envelope does not open."""


class RecordUnreadable(EnvelopeError, code=503):
    """The record does not open."""


class NoRandomness(EnvelopeError, code=504):
    """The generator of random bytes failed."""


class UnsupportedRecipient(EnvelopeError, code=505):
    """A recipient of a type this program does not know."""


class TooManyRecipients(EnvelopeError, code=506):
    """More recipients than the format holds."""


class BadHeader(EnvelopeError, code=507):
    """The envelope's header is not as age v1 writes it."""


class BlindError(BisikError):
    """A fault in blind mode."""

    left: int | None
    """What may still be asked, if a budget does not hold a request."""
    retry_at: int | None
    """When more may be asked, in seconds since 1970, if it ever may."""


class BadProof(BlindError, code=600):
    """The server's proof does not hold."""


class BadElement(BlindError, code=601):
    """A group element that must not be."""


class KeyExhausted(BlindError, code=602):
    """The OPRF key reached its limit."""


class BudgetExhausted(BlindError, code=603):
    """The budget is used up."""


class WrongEpoch(BlindError, code=604):
    """Another epoch than the feed's."""


class CountMismatch(BlindError, code=605):
    """Another number of elements than asked for."""


class TooManyElements(BlindError, code=606):
    """More elements than one message holds."""


class StateConsumed(BlindError, code=607):
    """This state was used before."""


class UnknownClient(BlindError, code=608):
    """The server does not know this client."""


class BadMessage(BlindError, code=609):
    """The message is not as the protocol says."""


class WrongFeed(BlindError, code=610):
    """Another feed than the key's."""


class BlindQueryNeeded(BlindError, code=611):
    """A blind feed is not matched without its server."""


class AnswerMissing(BlindError, code=612):
    """A request has no answer yet."""


class OprfKeyMismatch(BlindError, code=613):
    """The OPRF key is of another feed, epoch or public key."""


class LedgerError(BisikError):
    """A fault with sightings, retractions or logs."""


class WrongDesk(LedgerError, code=700):
    """Addressed to another desk."""


class Replayed(LedgerError, code=701):
    """Seen before."""


class BrokenChain(LedgerError, code=702):
    """The log was altered."""


class NoDesk(LedgerError, code=710):
    """The feed names no key of a desk to seal sightings to."""


class Stale(LedgerError, code=711):
    """Older than the desk still counts."""


class Copied(LedgerError, code=712):
    """Another member sent this sighting first."""


class SameDay(LedgerError, code=713):
    """The member told of this hit on this day before."""


class TornTail(LedgerError, code=720):
    """The last line is incomplete: a crash while it was written."""


class LogCut(LedgerError, code=721):
    """The log is shorter than its signed head says."""


class MatchingError(BisikError):
    """A look-up that has no answer."""


class FormMismatch(MatchingError, code=800):
    """The feed uses another canonical form of this kind."""


class BadPolicy(MatchingError, code=801):
    """The policy cannot be read."""


class HostError(BisikError, ValueError):
    """Something that the system or the caller did."""


class Io(HostError, code=900):
    """The system could not read or write."""


class Permissions(HostError, code=901):
    """Others can read this key file."""


class AlreadyExists(HostError, code=902):
    """The file exists and is not overwritten."""


class NullArgument(HostError, code=903):
    """A pointer that must not be null is null."""


class InvalidArgument(HostError, code=904):
    """An argument has a value that it cannot have."""


class Panic(HostError, code=905):
    """A defect in bisik."""


class TooManyHits(HostError, code=906):
    """The caller's array is too small."""


class Unreachable(HostError, code=907):
    """The server gave no answer."""


class TimedOut(HostError, code=908):
    """The server is too slow."""


class BadAnswer(HostError, code=909):
    """The server's answer is not one to this question."""


class BadRedirect(HostError, code=910):
    """The server sends elsewhere than one may follow."""


class Busy(HostError, code=911):
    """Another program is changing the store."""


class NotAStore(HostError, code=912):
    """The folder is no store of feeds."""
