// ReportPage: the base of every report: one self-contained HTML page in the common style, written
// from top to bottom.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

#include "io/report/report_style.h"
#include "io/text/escape.h"

namespace switchyard {

class ReportPage {
 protected:
  // style: CSS in addition to that of all reports.
  ReportPage(const std::string& title, const std::string& heading, const char* style = "") {
    add("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
        "<title>{}</title><style>{}{}</style></head>\n<body><main><h1>{}</h1>",
        html_text(title), report_style, style, html_text(heading));
  }
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void add_tile(const std::string& figure, const std::string& what) {
    add("<div class=\"card tile\"><b>{}</b><span>{}</span></div>\n", html_text(figure),
        html_text(what));
  }
  std::string finish() {
    out_ += "</main></body></html>\n";
    return std::move(out_);
  }

  std::string out_;
};

}  // namespace switchyard
