#include "io/text/escape.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace escape_test {

TEST(TerminalText, EscapesControlCharacters) {
  EXPECT_EQ(terminal_text("a\x1b[31mb\nc\x7f\t"), "a\\x1b[31mb\\x0ac\\x7f\\x09");
  EXPECT_EQ(terminal_text(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(terminal_text("\xC2\x9B"
                          "31m"),
            "\\x9b31m");  // CSI as one C1 character
}

TEST(TerminalText, EscapesWhatTurnsTextAround) {
  EXPECT_EQ(terminal_text("a\u202eb\u2066c\u2028d"), "a\\u{202e}b\\u{2066}c\\u{2028}d");
}

TEST(TerminalText, LeavesOtherCharactersAsTheyAre) {
  const std::string text = "Grüße, 日本語, עברית, 👩‍💻 & <b>\"\\";
  EXPECT_EQ(terminal_text(text), text);
}

TEST(TerminalText, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(terminal_text("a\xFF"), "a\\xff");
  EXPECT_EQ(terminal_text("\xE2\x80"), "\\xe2\\x80");           // cut short
  EXPECT_EQ(terminal_text("\xC0\x9B"), "\\xc0\\x9b");           // ESC in two bytes
  EXPECT_EQ(terminal_text("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(terminal_text("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(HtmlText, LeavesNoMarkup) {
  EXPECT_EQ(html_text("<script>a('&\")</script>"),
            "&lt;script&gt;a(&#39;&amp;&quot;)&lt;/script&gt;");
}

TEST(HtmlText, KeepsLinesAndEscapesOtherControls) {
  EXPECT_EQ(html_text("a\n\tb\x1b\u202e"), "a\n\tb\\x1b\\u{202e}");
}

TEST(MarkdownText, LeavesNoMarkup) {
  EXPECT_EQ(markdown_text("a|b\n# [x](y) <i>"), "a\\|b \\# \\[x\\](y) &lt;i&gt;");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("äöü", 6), "äöü");
  EXPECT_EQ(shortened("äöü", 5), "äö...");
  EXPECT_EQ(shortened("äöü", 1), "...");
}

TEST(OnOneLine, LeavesSingleSpaces) {
  EXPECT_EQ(on_one_line("  a \n\t b\r\n"), "a b");
  EXPECT_EQ(on_one_line(" \n"), "");
}

}  // namespace escape_test
}  // namespace switchyard
