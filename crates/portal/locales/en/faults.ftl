fault-required = Fill this in.
# $max (Number) - at most so many
fault-too-long = Use at most { $max } characters.
# $min (Number) - at least so many
fault-too-short = Use at least { $min } characters.
# $max (Number) - at most so many
fault-too-many = At most { $max } of these.
fault-wrong-format = This is not written as it should be.
fault-not-one-of = Choose one of those offered.
fault-forbidden-characters = This has characters that cannot be seen, or that are not allowed here.
fault-out-of-range = This is too small or too large.
fault-not-found = There is no such thing, or it is not yours.
fault-not-allowed = You may not choose this.
fault-fixed = This can no longer be changed.
fault-not-enabled = This is given on request, and not enabled for your organization yet.
fault-excluded = This cannot be combined with another that you chose.
fault-unchanged = This has to be another than before.
fault-repeated = This is there twice.
fault-wrong = This cannot be used.
