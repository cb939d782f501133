#include "io/prepare/stages/verifier.h"

#include <span>
#include <utility>

#include "io/prepare/store/document_keys.h"
#include "io/prepare/words/shingles.h"
#include "io/text/unicode.h"

namespace switchyard::prepare {

Verifier::Verifier(const Job& job, const Order& order, SpilledDocuments& documents,
                   const EarlierDocuments& earlier, std::int64_t cache_bytes)
    : dedup_(job.config.dedup),
      earlier_(earlier),
      documents_(documents),
      locators_(durable::File::open_for_reading(order.locators)),
      cache_bytes_(cache_bytes) {}

std::vector<Removal> Verifier::operator()(const std::vector<DocumentPair>& pairs) {
  std::vector<Removal> removals;
  for (const DocumentPair& pair : pairs) {
    if (!removals.empty() && removals.back().later == pair.later) continue;
    if (const auto removal = compare(pair)) removals.push_back(*removal);
    trim();
  }
  return removals;
}

std::optional<Removal> Verifier::compare(const DocumentPair& pair) {
  Facts& earlier = facts(pair.earlier);
  Facts& later = facts(pair.later);
  if (dedup_.exact && earlier.normalized_hash == later.normalized_hash) {
    return Removal{pair.later, pair.earlier, RemovalReason::exact, 1.0F};
  }
  if (dedup_.url && earlier.url_key != 0 && earlier.url_key == later.url_key) {
    return Removal{pair.later, pair.earlier, RemovalReason::url, 0.0F};
  }
  if (!dedup_.near_duplicates) return std::nullopt;
  const double likeness = jaccard(shingles(earlier), shingles(later));
  if (likeness < dedup_.minhash.threshold) return std::nullopt;
  return Removal{pair.later, pair.earlier, RemovalReason::near_duplicate,
                 static_cast<float>(likeness)};
}

Verifier::Facts& Verifier::facts(std::int64_t number) {
  const auto found = places_.find(number);
  if (found != places_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
  } else {
    cache_.push_front({number, look_up(number)});
    places_[number] = cache_.begin();
    cached_bytes_ += bytes_of(cache_.front());
  }
  return cache_.front().facts;
}

Verifier::Facts Verifier::look_up(std::int64_t number) const {
  Facts facts;
  if (number < earlier_.count()) {
    const KeptDocument document = earlier_.document(number);
    facts.normalized_hash = content_hash(normalized(document.text));
    facts.url_key = key_of_url(document.url);
    facts.shingles = shingles_of(document.text);
    facts.has_shingles = true;
    return facts;
  }
  Locator at;
  const std::int64_t offset = (number - earlier_.count()) * std::int64_t{sizeof(Locator)};
  require(locators_.read_at(offset, std::as_writable_bytes(std::span(&at, 1))) == sizeof at,
          Exit::data, "{} is cut short: remove its folder and run the same command again",
          locators_.path().string());
  facts.normalized_hash = at.normalized_hash;
  facts.url_key = at.url_key;
  facts.at = at;
  return facts;
}

const std::vector<std::uint64_t>& Verifier::shingles(Facts& facts) {
  if (!facts.has_shingles) {
    facts.shingles = shingles_of(documents_.text(*facts.at));
    facts.has_shingles = true;
    cached_bytes_ += std::ssize(facts.shingles) * std::int64_t{sizeof(std::uint64_t)};
  }
  return facts.shingles;
}

std::int64_t Verifier::bytes_of(const Cached& entry) {
  return std::int64_t{sizeof(Cached)} +
         std::ssize(entry.facts.shingles) * std::int64_t{sizeof(std::uint64_t)};
}

void Verifier::trim() {
  while (cached_bytes_ > cache_bytes_ && cache_.size() > 2) {
    const Cached& last = cache_.back();
    cached_bytes_ -= bytes_of(last);
    places_.erase(last.number);
    cache_.pop_back();
  }
}

}  // namespace switchyard::prepare
