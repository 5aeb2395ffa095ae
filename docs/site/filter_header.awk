# What Doxygen reads of a header, line for line:
# - the comment at its top becomes the page of the file;
# - formulas, tables and code in a comment, which stand two spaces further in, are shown as they are;
# - includes are written as paths of the repository, so that Doxygen finds them;
# - the inline namespace of the precision goes: both precisions have the same reference;
# - so do lines without a comment that only say how a class is copied, moved or destroyed.
function is_block(line) { return line ~ /^ *\/\/\/   +[^ ]/ }
{ lines[NR] = $0 }
END {
  top = 1
  for (i = 1; i <= NR; ++i) {
    if (top && lines[i] ~ /^\/\//) { lines[i] = "/" lines[i]; continue }
    if (top && lines[i] ~ /^#pragma once/) lines[i] = "/// \\file"
    top = 0
  }
  for (i = 1; i <= NR; ++i) {
    line = lines[i]
    if (line ~ /^inline namespace TAILGRAD_PRECISION \{$/ ||
        line ~ /^\}  \/\/ namespace TAILGRAD_PRECISION$/ ||
        (line ~ / = (delete|default);$|^ *(virtual )?~[A-Za-z]+\(\)(;| override;)$/ &&
         lines[i - 1] !~ /^ *\/\/\//)) {
      print ""
      continue
    }
    sub(/^#include <tailgrad\//, "#include <", line)
    if (is_block(line)) {
      if (i == 1 || !is_block(lines[i - 1])) sub(/\/\/\//, "/// \\code{.unparsed}", line)
      if (i == NR || !is_block(lines[i + 1])) line = line " \\endcode"
    }
    print line
  }
}
