#include "io/prepare/stages/span_stage.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "io/prepare/stages/cut_files.h"
#include "io/prepare/words/winnow.h"
#include "io/prepare/work/occurrences.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

constexpr std::int64_t usual_seed_bytes = 64;  // of text for each seed
constexpr std::int64_t usual_spans_per_seed = 14;
constexpr std::int64_t earlier_task_documents = std::int64_t{1} << 14;

constexpr const char* seeds_name = "seeds";
constexpr const char* spans_name = "spans";
constexpr const char* earlier_seeds_name = "seeds-earlier";
constexpr const char* earlier_spans_name = "spans-earlier";

// A document of an earlier generation that has a seed of this one.
struct EarlierSeed {
  std::int64_t document = 0;
  std::uint64_t key = 0;

  auto operator<=>(const EarlierSeed&) const = default;
};

class SpanSearch {
 public:
  explicit SpanSearch(CutWork& work)
      : work_(work),
        num_partitions_(work.job.partitions.count()),
        earlier_tasks_(static_cast<int>(std::min<std::int64_t>(
            4096, (work.earlier.count() + earlier_task_documents - 1) / earlier_task_documents))),
        seeds_{seeds_name, false, key_partitions_for(work.total_bytes / usual_seed_bytes)},
        spans_{spans_name} {}

  void run() {
    work_.over_documents("find seeds of spans", seeds_name, [&](int i) { write_seeds(i); });
    find_repeats(work_.job, work_.order, seeds_, work_.files(seeds_name, num_partitions_),
                 [&](int i, std::vector<Occurrence>& found) { find_earlier_seeds(i, found); });
    agree(work_.job.world, [&] {
      spans_.key_partitions =
          key_partitions_for(num_repeats(work_.job, seeds_) * usual_spans_per_seed);
    });
    write_earlier_spans();
    work_.over_documents("find spans", spans_name, [&](int i) { write_spans(i); });
    std::vector<std::filesystem::path> files = work_.files(spans_name, num_partitions_);
    for (const auto& path : work_.files(earlier_spans_name, earlier_tasks_)) files.push_back(path);
    find_repeats(work_.job, work_.order, spans_, files, [](int, std::vector<Occurrence>&) {});
    work_.over_documents("cut spans", cuts_name(CutKind::spans), [&](int i) { write_cuts(i); });
  }

 private:
  void write_seeds(int partition) {
    OccurrenceWriter out(work_.job.file(seeds_name, partition), seeds_);
    work_.for_each_text(partition, [&](std::uint32_t ordinal, std::string text) {
      for (const Seed& seed : find_seeds(ComparedText(std::move(text)))) {
        out.add({{seed.key, 0}, 1, ordinal, seed.first, seed.end});
      }
    });
    out.finish();
  }

  int earlier_task_of(std::int64_t document) const {
    return static_cast<int>(document * earlier_tasks_ / work_.earlier.count());
  }

  void find_earlier_seeds(int key_partition, std::vector<Occurrence>& occurrences) {
    if (work_.earlier.count() == 0) return;
    SpillWriter hits(work_.job.file(earlier_seeds_name, key_partition), earlier_tasks_,
                     std::int64_t{16} << 10);
    const std::size_t count = occurrences.size();
    for (std::size_t i = 0; i < count; ++i) {
      const ContentHash key = occurrences[i].key;
      if (i > 0 && key == occurrences[i - 1].key) continue;
      bool found = false;
      work_.earlier.find(key.high, [&](std::int64_t document) {
        const EarlierSeed hit{document, key.high};
        hits.append(earlier_task_of(document), {reinterpret_cast<const char*>(&hit), sizeof hit});
        found = true;
      });
      if (found) occurrences.push_back({key, 0});
    }
    hits.finish();
  }

  // Reads only documents that share a seed with this generation, each once.
  void write_earlier_spans() {
    if (earlier_tasks_ == 0) return;
    run_tasks({"find earlier spans", "parts", earlier_tasks_,
               [](std::int64_t) { return std::int64_t{1}; },
               [&](std::int64_t i) {
                 return std::filesystem::exists(work_.job.file(earlier_spans_name, i));
               },
               [&](std::int64_t i, const auto& advance) {
                 write_earlier_spans(static_cast<int>(i));
                 advance(1);
               }},
              work_.job);
  }

  std::vector<EarlierSeed> earlier_seeds(int task) const {
    std::vector<EarlierSeed> seeds;
    for (int i = 0; i < seeds_.key_partitions; ++i) {
      const std::string bytes =
          SpillReader(work_.job.file(earlier_seeds_name, i)).read_partition(task);
      const std::size_t before = seeds.size();
      seeds.resize(before + bytes.size() / sizeof(EarlierSeed));
      std::memcpy(seeds.data() + before, bytes.data(), bytes.size());
    }
    std::sort(seeds.begin(), seeds.end());
    return seeds;
  }

  void write_earlier_spans(int task) {
    OccurrenceWriter out(work_.job.file(earlier_spans_name, task), spans_);
    const std::vector<EarlierSeed> wanted = earlier_seeds(task);
    for (auto first = wanted.begin(); first != wanted.end();) {
      const std::int64_t document = first->document;
      const auto end = std::find_if(
          first, wanted.end(), [&](const EarlierSeed& seed) { return seed.document != document; });
      const ComparedText text(work_.earlier.document(document).text);
      for (const Seed& seed : find_seeds(text)) {
        if (!std::binary_search(first, end, EarlierSeed{document, seed.key})) continue;
        add_spans(text, {0, seed.first, seed.end}, 0, out);
      }
      first = end;
    }
    out.finish();
  }

  // begins: words at which the spans begin.
  static void add_spans(const ComparedText& text, const Repeat& begins, std::uint32_t is_new,
                        OccurrenceWriter& out) {
    for (std::uint32_t begin = begins.begin; begin < begins.end; ++begin) {
      const auto words = std::span(text.hashes).subspan(begin, words_per_span);
      out.add({hash_of_words(words), is_new, begins.ordinal, begin, begin + words_per_span});
    }
  }

  // Calls each(text, repeats) for each document that has some.
  template <class Each>
  void for_each_repeat_text(int partition, const Search& search, Each each) {
    const std::vector<Locator> locators = work_.locators(partition);
    const std::vector<Repeat> repeats = repeats_of(work_.job, search, partition);
    for_each_document(repeats, [&](std::span<const Repeat> mine) {
      const std::int64_t i = mine.front().ordinal - work_.order.first[partition];
      each(ComparedText(std::string(work_.documents.text(locators.at(i)))), mine);
    });
  }

  void write_spans(int partition) {
    OccurrenceWriter out(work_.job.file(spans_name, partition), spans_);
    for_each_repeat_text(partition, seeds_, [&](const ComparedText& text, auto repeats) {
      for (const Repeat& begins : repeats) add_spans(text, begins, 1, out);
    });
    out.finish();
  }

  void write_cuts(int partition) {
    CutWriter out(work_, CutKind::spans, partition);
    for_each_repeat_text(partition, spans_, [&](const ComparedText& text, auto repeats) {
      std::vector<Cut> cuts;  // of words, then of bytes
      for (const Repeat& repeat : repeats) cuts.push_back({repeat.begin, repeat.end});
      cuts = united(std::move(cuts));
      for (Cut& cut : cuts) cut = {text.words[cut.begin].begin, text.words[cut.end - 1].end};
      out.add(repeats.front().ordinal, cuts);
    });
    out.finish();
  }

  CutWork& work_;
  int num_partitions_, earlier_tasks_;
  Search seeds_, spans_;
};

}  // namespace

void run_span_stage(CutWork& work) { SpanSearch(work).run(); }

}  // namespace switchyard::prepare
