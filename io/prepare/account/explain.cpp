#include "io/prepare/account/explain.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include "io/prepare/account/file_documents.h"
#include "io/prepare/input/documents.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

constexpr std::size_t max_explained = 20;
constexpr std::int64_t max_passages = 3;

struct HashRange {
  ContentHash first, last;
};

constexpr std::size_t fewest_digits = 4;

bool is_hex(const std::string& text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

// The range of hashes that begin with these digits; nothing if they are not 4 to 32 hex digits.
std::optional<HashRange> range_of(const std::string& digits) {
  constexpr std::size_t all = 32;
  if (digits.size() < fewest_digits || digits.size() > all || !is_hex(digits)) return std::nullopt;
  const auto padded = [&](char digit) {
    const std::string text = digits + std::string(all - digits.size(), digit);
    ContentHash hash;
    std::from_chars(text.data(), text.data() + all / 2, hash.high, 16);
    std::from_chars(text.data() + all / 2, text.data() + all, hash.low, 16);
    return hash;
  };
  return HashRange{padded('0'), padded('f')};
}

template <class Shard>
struct Found {
  const Shard* shard;
  std::int64_t index;
};

// The first documents that match, and how many there are.
struct Matches {
  std::vector<Found<KeptShard>> kept;
  std::vector<Found<RemovedShard>> removed;
  std::int64_t count = 0;

  void add(const KeptShard& shard, std::int64_t i) {
    if (has_space()) kept.push_back({&shard, i});
    ++count;
  }
  void add(const RemovedShard& shard, std::int64_t i) {
    if (has_space()) removed.push_back({&shard, i});
    ++count;
  }
  bool has_space() const { return kept.size() + removed.size() < max_explained; }
};

class DocumentSearch {
 public:
  explicit DocumentSearch(const std::string& name) : name_(name), range_(range_of(name)) {}

  template <class Shard>
  void look_through(const std::vector<Shard>& shards) {
    for (const Shard& shard : shards) {
      for (std::int64_t i = 0; i < shard.size(); ++i) look_at(shard, i);
      shard.release();
    }
  }

  // Nothing if there is none.
  Matches result() const {
    if (by_id_.count > 0 || by_hash_.count == 0) return by_id_;
    require(hashes_.size() == 1, Exit::usage,
            "'{}' begins the content hashes of several documents; give more digits: {}{}", name_,
            fmt::join(hashes_, ", "), hashes_.size() == max_explained ? ", ..." : "");
    return by_hash_;
  }

 private:
  template <class Shard>
  void look_at(const Shard& shard, std::int64_t i) {
    if (shard.id(i) == name_) by_id_.add(shard, i);
    if (!range_) return;
    const ContentHash hash = shard.hash(i);
    if (hash < range_->first || range_->last < hash) return;
    by_hash_.add(shard, i);
    if (hashes_.size() < max_explained) hashes_.insert(hash.hex());
  }

  const std::string& name_;
  std::optional<HashRange> range_;
  Matches by_id_, by_hash_;
  std::set<std::string> hashes_;
};

template <class Shard, class Fits>
void add_where(const std::vector<Shard>& shards, Matches& matches, Fits fits) {
  for (const Shard& shard : shards) {
    for (std::int64_t i = 0; i < shard.size(); ++i) {
      if (fits(shard, i)) matches.add(shard, i);
    }
    shard.release();
  }
}

// Removed documents know where they came from. Kept ones have the text that is there.
Matches from_file(const DocumentStore& store, FileDocuments file) {
  Matches matches;
  std::map<std::string, bool> known;  // whether a path is that of the file
  const auto is_file = [&](const std::string& path) {
    const auto [place, is_new] = known.try_emplace(path, false);
    if (is_new) place->second = same_path(path, file.path);
    return place->second;
  };
  add_where(store.removed, matches, [&](const RemovedShard& shard, std::int64_t i) {
    const RemovedDocument document = shard.document(i);
    const bool fits = is_file(document.file) && file.holds(document.position);
    if (fits) file.hashes.erase(document.hash);
    return fits;
  });
  const auto has_text = [&](const DocumentShard& shard, std::int64_t i) {
    return file.hashes.contains(shard.hash(i));
  };
  add_where(store.kept, matches, has_text);
  if (matches.count == 0) add_where(store.removed, matches, has_text);  // the file was moved
  return matches;
}

[[noreturn]] void fail_unknown(const std::string& name, bool is_file) {
  require(!is_file, Exit::usage,
          "no document, kept or removed, has the text that {} holds now: it was no input of this "
          "dataset, it was changed since, or it could not be read (report.json counts that under "
          "problems)",
          name);
  require(name.size() >= fewest_digits || !is_hex(name), Exit::usage,
          "'{}' is no document's id, and too short for the beginning of a content hash: give at "
          "least {} digits",
          name, fewest_digits);
  fail(Exit::usage,
       "no document, kept or removed, has the id '{}' or a content hash that begins so, or came "
       "from a file of that name",
       name);
}

Matches find(const DocumentStore& store, const std::string& name) {
  DocumentSearch search(name);
  search.look_through(store.kept);
  search.look_through(store.removed);
  Matches matches = search.result();
  if (matches.count > 0) return matches;
  const std::optional<FileDocuments> file = read_file_documents(store, name);
  matches = from_file(store, file ? *file : FileDocuments{.path = name});
  if (matches.count == 0) fail_unknown(name, file.has_value());
  return matches;
}

KeptFate fate_of(const Found<KeptShard>& place) {
  KeptFate fate{place.shard->document(place.index), place.shard->text_bytes(place.index),
                place.shard->name()};
  fate.document.text = excerpt_of(fate.document.text);
  return fate;
}

// The text as it was read, if it is still where it came from.
std::optional<std::string> read_again(const DocumentStore& store, const RemovedDocument& document) {
  InputFile file;
  file.path = document.file;
  file.bytes = std::numeric_limits<std::int64_t>::max();
  const std::int64_t begin = document.position;
  if (begin < 0 || begin == file.bytes) return std::nullopt;
  Problems ignored;
  std::optional<std::string> text;
  const Source source = store.source(document.source);
  read_documents(file, {0, begin, begin + 1}, {source.text_field, source.prompt_field}, ignored,
                 [&](Document&& found) {
                   if (found.hash == document.hash) text = std::move(found.text);
                 });
  return text;
}

using Keepers = std::map<ContentHash, std::optional<Found<KeptShard>>>;

void find_keepers(const DocumentStore& store, Keepers& keepers) {
  for (const KeptShard& shard : store.kept) {
    for (std::int64_t i = 0; i < shard.size(); ++i) {
      const auto wanted = keepers.find(shard.hash(i));
      if (wanted != keepers.end()) wanted->second = Found<KeptShard>{&shard, i};
    }
    shard.release();
  }
}

bool has_keeper(const RemovedDocument& document) {
  return document.reason == RemovalReason::exact || document.reason == RemovalReason::url ||
         document.reason == RemovalReason::near_duplicate;
}

void compare(const DocumentStore& store, const Found<KeptShard>& keeper, RemovedFate& fate) {
  fate.keeper = fate_of(keeper);
  const auto whole = read_again(store, fate.document);
  fate.read_again = whole.has_value();
  fate.shared = shared_passages(whole ? *whole : fate.document.excerpt,
                                keeper.shard->text(keeper.index), max_passages);
  keeper.shard->release();
}

}  // namespace

Explanation explain(const DocumentStore& store, const std::string& name) {
  const Matches matches = find(store, name);
  Explanation explanation;
  for (const Found<KeptShard>& place : matches.kept) {
    explanation.kept.push_back(fate_of(place));
  }
  Keepers keepers;
  for (const Found<RemovedShard>& place : matches.removed) {
    RemovedFate fate;
    fate.document = place.shard->document(place.index);
    if (has_keeper(fate.document)) keepers[fate.document.keeper] = std::nullopt;
    explanation.removed.push_back(std::move(fate));
  }
  if (!keepers.empty()) find_keepers(store, keepers);
  for (RemovedFate& fate : explanation.removed) {
    const auto keeper = keepers.find(fate.document.keeper);
    if (has_keeper(fate.document) && keeper->second) compare(store, *keeper->second, fate);
  }
  explanation.num_more =
      matches.count - std::ssize(explanation.kept) - std::ssize(explanation.removed);
  return explanation;
}

}  // namespace switchyard::prepare
