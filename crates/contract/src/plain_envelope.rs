//! An envelope as our producers write nearly all of them, read in one pass over its bytes: nothing is copied, nothing is
//! serialized again to be compared. It takes no bytes that are not canonical: texts of ASCII without escapes, integers of
//! up to 15 digits, members in the order of their names and no others. Whatever else there is it leaves to
//! [`Envelope`](crate::Envelope), which alone says what is wrong.

use uuid::Uuid;

use crate::ids::Service;
use crate::kinds;

/// How deep a fact may be.
const DEPTH: u8 = 16;
/// How many digits an integer may have that a double holds exactly (RFC 8785 section 3.2.2.3).
const DIGITS: usize = 15;

/// Where an event stands, out of the bytes of a canonical envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainEnvelope<'a> {
    /// The event's id.
    pub id: Uuid,
    /// The service that recorded it.
    pub source: Service,
    /// The place in the stream.
    pub version: i32,
    /// The stream's kind.
    pub stream_kind: &'a str,
    /// The stream's id.
    pub stream: Uuid,
    /// The event's type.
    pub kind: &'a str,
}

impl<'a> PlainEnvelope<'a> {
    /// The envelope; none if it has to be read by [`Envelope::parse`](crate::Envelope::parse).
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Rest(bytes);
        rest.skip(br#"{"actor":""#)?;
        actor(rest.text()?)?;
        rest.skip(br#","authority":""#)?;
        rest.text()?;
        if rest.skip(br#","causationid":""#).is_some() {
            uuid(rest.text_of()?)?;
        }
        if rest.skip(br#","contexthash":""#).is_some() {
            commitment(rest.text_of()?)?;
        }
        rest.skip(br#","correlationid":""#)?;
        uuid(rest.text_of()?)?;
        rest.skip(br#","data":"#)?;
        rest.value(DEPTH)?;
        rest.skip(br#","datacontenttype":""#)?;
        rest.text()?;
        rest.skip(br#","dataschema":""#)?;
        rest.text()?;
        if rest.skip(br#","detailshash":""#).is_some() {
            commitment(rest.text_of()?)?;
        }
        rest.skip(br#","id":""#)?;
        let id = uuid(rest.text_of()?)?;
        if rest.skip(br#","organization":""#).is_some() {
            uuid(rest.text_of()?)?;
        }
        rest.skip(br#","source":""#)?;
        let source = source(rest.text()?)?;
        rest.skip(br#","specversion":""#)?;
        rest.text()?;
        rest.skip(br#","streamversion":"#)?;
        let version = version(rest.digits()?)?;
        rest.skip(br#","subject":""#)?;
        let (stream_kind, stream) = subject(rest.text()?)?;
        rest.skip(br#","time":""#)?;
        time(rest.text_of()?)?;
        if rest.skip(br#","traceparent":""#).is_some() {
            traceparent(rest.text_of()?)?;
        }
        rest.skip(br#","type":""#)?;
        let kind = as_str(rest.text()?)?;
        let stream_kind = as_str(stream_kind)?;
        (rest.0 == b"}").then_some(Self { id, source, version, stream_kind, stream, kind })
    }
}

/// All of it is ASCII.
fn as_str(text: &[u8]) -> Option<&str> {
    str::from_utf8(text).ok()
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// Goes on behind these bytes; none, and no step further, if they do not come now.
    #[inline]
    fn skip(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }

    /// A text up to its closing quote, the opening one being read.
    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        let (text, rest) = self.0.split_at_checked(plain_bytes(self.0))?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// A text of so many bytes, of which whoever asks allows none but plain ones.
    #[inline]
    fn text_of<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (text, rest) = self.0.split_first_chunk()?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// A natural number without leading zeros.
    fn digits(&mut self) -> Option<&'a [u8]> {
        let count = self.0.iter().take(DIGITS + 1).take_while(|it| it.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        let is_short = (1..=DIGITS).contains(&count);
        if !is_short || (digits[0] == b'0' && count > 1) {
            return None;
        }
        self.0 = rest;
        Some(digits)
    }

    fn value(&mut self, depth: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        match first {
            b'"' => {
                self.0 = rest;
                self.text().map(|_| ())
            }
            b'{' => {
                self.0 = rest;
                self.members(depth.checked_sub(1)?)
            }
            b'[' => {
                self.0 = rest;
                self.elements(depth.checked_sub(1)?)
            }
            b't' => self.skip(b"true"),
            b'f' => self.skip(b"false"),
            b'n' => self.skip(b"null"),
            b'-' => {
                self.0 = rest;
                self.digits().filter(|digits| digits[0] != b'0').map(|_| ())
            }
            _ => self.digits().map(|_| ()),
        }
    }

    /// An object behind its brace: every member's name after the one before, so that none is there twice.
    fn members(&mut self, depth: u8) -> Option<()> {
        if self.skip(b"}").is_some() {
            return Some(());
        }
        let mut last: Option<&[u8]> = None;
        loop {
            self.skip(b"\"")?;
            let name = self.text()?;
            if last.is_some_and(|last| last >= name) {
                return None;
            }
            last = Some(name);
            self.skip(b":")?;
            self.value(depth)?;
            if self.skip(b",").is_none() {
                return self.skip(b"}");
            }
        }
    }

    fn elements(&mut self, depth: u8) -> Option<()> {
        if self.skip(b"]").is_some() {
            return Some(());
        }
        loop {
            self.value(depth)?;
            if self.skip(b",").is_none() {
                return self.skip(b"]");
            }
        }
    }
}

/// How many bytes there are before the first that is no plain character of a text: a quote, a backslash, a control
/// character, anything but ASCII. Eight are looked at together.
#[inline]
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = is_zero(word ^ (ONES * u64::from(b'"')));
        let backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        // A borrow goes upwards only: the lowest of the marks is a true one.
        let found = (quote | backslash | control | word) & HIGHS;
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let is_plain = |it: &&u8| (0x20..0x80).contains(*it) && **it != b'"' && **it != b'\\';
    bytes.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

/// Eight lower-case hexadecimal digits.
#[inline]
fn hex(digits: [u8; 8]) -> Option<u32> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_be_bytes(digits);
    // `a` to `f` have a bit that `0` to `9` do not have, and are 9 more than their low half.
    let letters = (text >> 6) & ONES;
    let values = (text & (ONES * 0x0f)) + letters * 9;
    let are_ten = ((values + ONES * 0x76) >> 7) & ONES;
    let written = values + ONES * 0x30 + are_ten * 0x27;
    if written != text || values & (ONES * 0xf0) != 0 {
        return None;
    }
    let pairs = (values | (values >> 4)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    u32::try_from((fours | (fours >> 16)) & 0xffff_ffff).ok()
}

/// A UUID in lower case with hyphens.
#[inline]
fn uuid(t: &[u8; 36]) -> Option<Uuid> {
    if [t[8], t[13], t[18], t[23]] != *b"----" {
        return None;
    }
    let one = hex([t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]])?;
    let two = hex([t[9], t[10], t[11], t[12], t[14], t[15], t[16], t[17]])?;
    let three = hex([t[19], t[20], t[21], t[22], t[24], t[25], t[26], t[27]])?;
    let four = hex([t[28], t[29], t[30], t[31], t[32], t[33], t[34], t[35]])?;
    let join = |high: u32, low: u32| (u64::from(high) << 32) | u64::from(low);
    Some(Uuid::from_u64_pair(join(one, two), join(three, four)))
}

fn actor(text: &[u8]) -> Option<()> {
    if let Some(id) = text.strip_prefix(b"user/").or_else(|| text.strip_prefix(b"app/")) {
        return uuid(id.try_into().ok()?).map(|_| ());
    }
    if let Some(name) = text.strip_prefix(b"system/") {
        return Service::ALL.iter().any(|it| it.name().as_bytes() == name).then_some(());
    }
    (text == b"anonymous").then_some(())
}

fn source(text: &[u8]) -> Option<Service> {
    Service::ALL.into_iter().find(|it| it.source().as_bytes() == text)
}

/// Whether each of these bytes is a lower-case hexadecimal digit. All are looked at, many together.
#[inline]
fn are_hex(text: &[u8]) -> bool {
    let is_hex = |it: u8| (it.wrapping_sub(b'0') < 10) | (it.wrapping_sub(b'a') < 6);
    text.iter().fold(true, |all, it| all & is_hex(*it))
}

/// 32 bytes in base64url, of which the last character carries four bits.
#[inline]
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches all bytes are looked at, many together"
)]
fn commitment(text: &[u8; 43]) -> Option<()> {
    let is_of_the_alphabet = |it: u8| {
        ((it | 0x20).wrapping_sub(b'a') < 26)
            | (it.wrapping_sub(b'0') < 10)
            | (it == b'-')
            | (it == b'_')
    };
    let are_of_it = text.iter().fold(true, |all, it| all & is_of_the_alphabet(*it));
    (are_of_it && b"AEIMQUYcgkosw048".contains(&text[42])).then_some(())
}

fn version(digits: &[u8]) -> Option<i32> {
    // Nine digits are within an integer of CloudEvents.
    if digits.len() > 9 || digits == b"0" {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0')))
}

fn subject(text: &[u8]) -> Option<(&[u8], Uuid)> {
    let (kind, id) = text.split_at_checked(text.len().checked_sub(36)?)?;
    let kind = kind.strip_suffix(b"/").filter(|kind| kinds::is_stream_kind(kind))?;
    Some((kind, uuid(id.try_into().ok()?)?))
}

/// A time to the microsecond in UTC, such as 2026-01-31T23:59:59.000000Z.
fn time(text: &[u8; 27]) -> Option<()> {
    let form = b"0000-00-00T00:00:00.000000Z";
    let fits = |it: u8, of: u8| (it == of) | ((of == b'0') & (it.wrapping_sub(b'0') < 10));
    let all_fit = text.iter().zip(form).fold(true, |all, (it, of)| all & fits(*it, *of));
    if !all_fit || text[0] == b'0' {
        return None;
    }
    let number = |at: usize| (text[at] - b'0') * 10 + (text[at + 1] - b'0');
    let days = match number(5) {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        // The slow way knows leap years.
        2 => 28,
        _ => return None,
    };
    let is_day = (1..=days).contains(&number(8));
    (is_day && number(11) < 24 && number(14) < 60 && number(17) < 60).then_some(())
}

/// A `traceparent` of version 00 (W3C Trace Context).
fn traceparent(text: &[u8; 55]) -> Option<()> {
    let is_some = |range: &[u8]| are_hex(range) && range.iter().any(|it| *it != b'0');
    let hyphens = [text[2], text[35], text[52]] == *b"---";
    let is_one = text.starts_with(b"00") && hyphens && are_hex(&text[53..]);
    (is_one && is_some(&text[3..35]) && is_some(&text[36..52])).then_some(())
}

#[cfg(test)]
mod tests;
