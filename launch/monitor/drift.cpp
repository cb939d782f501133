#include "launch/monitor/drift.h"

#include <algorithm>
#include <cmath>

#include "launch/monitor/statistics.h"
#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard::monitor {
namespace {

enum Statistic : std::size_t { psi_tokens, ks_loss, ks_confidence, ks_length, cusum_loss };

constexpr std::int64_t fewest_documents = 8;
constexpr std::int64_t num_streams = 200, windows_of_stream = 50;  // of the bootstrap
constexpr double slack = 0.5;  // of CUSUM: half of the shift that it finds soonest (Page)

double trait(const DocumentTraits& document, std::size_t statistic) {
  if (statistic == ks_confidence) return document.confidence;
  return statistic == ks_length ? static_cast<double>(document.tokens) : document.loss;
}

std::vector<double> traits(std::span<const DocumentTraits> documents, std::size_t statistic) {
  std::vector<double> values;
  for (const DocumentTraits& document : documents) values.push_back(trait(document, statistic));
  return values;
}

void add_counts(const DocumentTraits& document, std::vector<double>& sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += document.counts[i];
}

// The profile as what windows are compared with.
class Reference {
 public:
  explicit Reference(const DriftProfile& profile) : documents_(profile.documents) {
    std::vector<double> sums(profile.bins.size());
    double square = 0.0;
    for (const DocumentTraits& document : documents_) {
      add_counts(document, sums);
      mean_ += document.loss;
      square += document.loss * document.loss;
    }
    shares_ = shares_of(sums);
    const auto count = static_cast<double>(documents_.size());
    mean_ /= count;
    deviation_ = std::max(std::sqrt(std::max(0.0, square / count - mean_ * mean_)), 1e-9);
    for (const std::size_t statistic : {ks_loss, ks_confidence, ks_length}) {
      places_[statistic] = places_of(traits(documents_, statistic));
    }
  }

  std::span<const DocumentTraits> documents() const { return documents_; }
  double standardised(double loss) const { return (loss - mean_) / deviation_; }
  double psi(const std::vector<double>& sums) const {
    return population_stability(shares_, shares_of(sums));
  }
  // ks_statistic() of the whole profile and of some of these documents, by their numbers.
  double ks_of_own(std::size_t statistic, std::span<const std::size_t> chosen) const {
    const Places& places = places_[statistic];
    std::vector<std::int32_t> counts(places.end.size());
    for (const std::size_t document : chosen) ++counts[places.of_document[document]];
    double distance = 0.0, seen = 0.0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      seen += counts[i];
      distance =
          std::max(distance, std::abs(seen / static_cast<double>(chosen.size()) - places.end[i]));
    }
    return distance;
  }

 private:
  // The distinct values, ascending: which one a document has, and the share of all up to it.
  struct Places {
    std::vector<std::size_t> of_document;
    std::vector<double> end;
  };
  static Places places_of(const std::vector<double>& values) {
    std::vector<double> sorted = values;
    std::ranges::sort(sorted);
    Places places;
    std::vector<double> distinct = sorted;
    distinct.erase(std::ranges::unique(distinct).begin(), distinct.end());
    for (const double value : distinct)
      places.end.push_back(
          static_cast<double>(std::ranges::upper_bound(sorted, value) - sorted.begin()) /
          static_cast<double>(values.size()));
    for (const double value : values)
      places.of_document.push_back(
          static_cast<std::size_t>(std::ranges::lower_bound(distinct, value) - distinct.begin()));
    return places;
  }

  std::span<const DocumentTraits> documents_;
  std::vector<double> shares_;
  double mean_ = 0.0, deviation_ = 1.0;
  std::array<Places, statistic_names.size()> places_;
};

// What a statistic is multiplied by so that, of like documents, it has about one distribution for
// any sizes of window and profile: PSI falls as 1/size of either, KS as its square root, and CUSUM
// has the scale of single documents. of_profile: infinite for a profile that is the truth itself.
double scale_of(std::size_t statistic, double of_window, double of_profile) {
  const double size = 1.0 / (1.0 / of_window + 1.0 / of_profile);
  if (statistic == cusum_loss) return 1.0;
  return statistic == psi_tokens ? size : std::sqrt(size);
}

// Windows drawn from the documents of the profile. That a profile of n documents is itself a draw
// is in scale_of for most statistics; CUSUM's mean is moved by the error of a drawn profile's.
class Bootstrap {
 public:
  Bootstrap(const Reference& reference, std::int64_t window, std::uint64_t seed)
      : reference_(reference), window_(static_cast<std::size_t>(window)), seed_(seed) {}

  // Thresholds of the scaled statistics.
  Statistics thresholds(double alarms) {
    for (std::int64_t stream = 0; stream < num_streams; ++stream) draw_stream(stream);
    Statistics found{};
    const double share = 1.0 - alarms / static_cast<double>(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) found[i] = quantile(values_[i], share);
    return found;
  }

 private:
  std::size_t draw(const Random& random) {
    const auto count = static_cast<double>(reference_.documents().size());
    return static_cast<std::size_t>(random.uniform(next_++) * count);
  }
  double loss(std::size_t document) const {
    return reference_.standardised(reference_.documents()[document].loss);
  }

  void draw_stream(std::int64_t stream) {
    const Random random(seed_, Purpose::monitor, static_cast<std::uint64_t>(stream));
    next_ = 0;
    const std::size_t size = reference_.documents().size();
    double error = 0.0;
    for (std::size_t i = 0; i < size; ++i) error += loss(draw(random));
    error /= static_cast<double>(size);
    Cusum cusum(slack);
    std::vector<std::size_t> chosen(window_);
    for (std::int64_t i = 0; i < windows_of_stream; ++i) {
      std::vector<double> sums(reference_.documents().front().counts.size());
      double highest = 0.0;
      for (std::size_t& document : chosen) {
        document = draw(random);
        add_counts(reference_.documents()[document], sums);
        highest = std::max(highest, cusum.add(loss(document) - error));
      }
      add(psi_tokens, reference_.psi(sums));
      for (const std::size_t one : {ks_loss, ks_confidence, ks_length})
        add(one, reference_.ks_of_own(one, chosen));
      add(cusum_loss, highest);
    }
  }

  void add(std::size_t statistic, double value) {
    constexpr double infinite = 1e300;
    values_[statistic].push_back(value *
                                 scale_of(statistic, static_cast<double>(window_), infinite));
  }

  const Reference& reference_;
  std::size_t window_;
  std::uint64_t seed_, next_ = 0;
  std::array<std::vector<double>, statistic_names.size()> values_;
};

// How many documents each window has: about `window`, at most one more in some than in others.
std::vector<std::int64_t> window_sizes(std::int64_t documents, std::int64_t window) {
  const std::int64_t count = std::max<std::int64_t>(1, (documents + window / 2) / window);
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < count; ++i)
    sizes.push_back(documents * (i + 1) / count - documents * i / count);
  return sizes;
}

}  // namespace

bool DriftWindow::alarm() const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (exceeds(i)) return true;
  }
  return false;
}

std::vector<DriftWindow> find_drift(const DriftProfile& profile,
                                    std::span<const DocumentTraits> documents,
                                    const DriftOptions& options) {
  for (const std::int64_t count : {std::ssize(documents), std::ssize(profile.documents)})
    require(count >= fewest_documents, Exit::usage,
            "{} documents are too few: both the texts and the profile need at least {}", count,
            fewest_documents);
  const Reference reference(profile);
  const std::vector<std::int64_t> sizes = window_sizes(std::ssize(documents), options.window);
  const Statistics limits =
      Bootstrap(reference, sizes.front(), options.seed).thresholds(options.alarms);
  const auto of_profile = static_cast<double>(profile.documents.size());
  Cusum cusum(slack);
  std::vector<DriftWindow> windows;
  std::int64_t first = 0;
  for (const std::int64_t size : sizes) {
    DriftWindow window{first, size, {}, {}};
    const auto part =
        documents.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size));
    std::vector<double> sums(profile.bins.size());
    for (const DocumentTraits& document : part) {
      add_counts(document, sums);
      const double sum = cusum.add(reference.standardised(document.loss));
      window.values[cusum_loss] = std::max(window.values[cusum_loss], sum);
    }
    window.values[psi_tokens] = reference.psi(sums);
    for (const std::size_t one : {ks_loss, ks_confidence, ks_length})
      window.values[one] = ks_statistic(traits(profile.documents, one), traits(part, one));
    for (std::size_t i = 0; i < limits.size(); ++i)
      window.thresholds[i] = limits[i] / scale_of(i, static_cast<double>(size), of_profile);
    if (window.exceeds(cusum_loss)) cusum.restart();
    windows.push_back(window);
    first += size;
  }
  return windows;
}

nlohmann::ordered_json json_of(std::span<const DriftWindow> windows) {
  auto list = nlohmann::ordered_json::array();
  for (const DriftWindow& window : windows) {
    nlohmann::ordered_json one = {
        {"first", window.first}, {"documents", window.size}, {"alarm", window.alarm()}};
    for (std::size_t i = 0; i < statistic_names.size(); ++i)
      one[statistic_names[i]] = {{"value", window.values[i]},
                                 {"threshold", window.thresholds[i]},
                                 {"alarm", window.exceeds(i)}};
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace switchyard::monitor
