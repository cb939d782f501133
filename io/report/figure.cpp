#include "io/report/figure.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard {

std::string figure_html(const std::string& title, const std::string& plot,
                        const std::string& caption) {
  return fmt::format("<figure class=\"card\"><h3>{}</h3>{}<figcaption>{}</figcaption></figure>\n",
                     title, plot, caption);
}

std::string track_html(const std::vector<Share>& shares, std::int64_t whole) {
  std::string text = "<div class=\"track\">";
  for (const Share& share : shares) {
    if (share.amount <= 0 || whole <= 0) continue;
    const double percent = 100.0 * static_cast<double>(share.amount) / static_cast<double>(whole);
    text += fmt::format("<i class=\"{}\" style=\"width:{:.2f}%\"></i>", share.color,
                        std::min(percent, 100.0));
  }
  return text + "</div>";
}

}  // namespace switchyard
