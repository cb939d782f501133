// Escape: text of strangers, made harmless where people read it.
#pragma once

#include <string>
#include <string_view>

namespace switchyard {

// For a terminal, on one line: control characters (ESC, line breaks, C1) and the marks that turn
// the direction of text around come as \x1b or \u{202e}, bytes that are no UTF-8 as \xff.
std::string terminal_text(std::string_view text);

// For the text or a quoted attribute of an HTML page. Line breaks and tabs stay; everything else as
// terminal_text, and & < > " ' as entities.
std::string html_text(std::string_view text);

// For a table or a paragraph of Markdown, on one line: as terminal_text, & < > as entities, and
// what else is markup behind a backslash.
std::string markdown_text(std::string_view text);

// `text`, if it has no more than this many bytes; else cut at a character's border, with "..."
// behind it.
std::string shortened(std::string_view text, std::size_t max_bytes);

// `text` with every run of white space as one space, none at the ends.
std::string on_one_line(std::string_view text);

}  // namespace switchyard
