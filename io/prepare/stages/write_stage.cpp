#include "io/prepare/stages/write_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/prepare/input/tally.h"
#include "io/prepare/stages/cut_keys.h"
#include "io/prepare/stages/cut_stage.h"
#include "io/prepare/words/document.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

using nlohmann::json;

constexpr std::int64_t shard_text_bytes = std::int64_t{128} << 20;

// One shard: some consecutive partitions of a source.
struct Shard {
  int source = 0, number = 0;
  int first_partition = 0, end_partition = 0;
};

// Bytes of text that stay in each partition, before anything is cut.
std::vector<std::int64_t> text_left(const Job& job, const Order& order, const Bitmap& removed) {
  std::vector<std::int64_t> bytes(static_cast<std::size_t>(job.partitions.count()), 0);
  agree(job.world, [&] {
    const auto file = durable::File::open_for_reading(order.locators);
    for (int p = job.world.rank(); p < job.partitions.count(); p += job.world.size()) {
      std::vector<Locator> places(static_cast<std::size_t>(order.first[p + 1] - order.first[p]));
      (void)file.read_at(order.first[p] * std::int64_t{sizeof(Locator)},
                         std::as_writable_bytes(std::span(places)));
      for (std::size_t i = 0; i < places.size(); ++i) {
        const bool stays = places[i].removed == 0 && !removed.test(order.first[p] + i);
        bytes[p] += stays ? places[i].text_bytes : 0;
      }
    }
  });
  Stream stream = Stream::cpu(1);
  job.world.all_reduce(tensor_of(bytes.data(), {std::ssize(bytes)}), Reduce::sum, stream);
  return bytes;
}

std::vector<Shard> make_shards(const Partitions& partitions,
                               const std::vector<std::int64_t>& text_bytes) {
  std::vector<Shard> shards;
  for (int source = 0; source < partitions.num_sources(); ++source) {
    const int first = partitions.first(source), count = 1 << partitions.bits(source);
    std::int64_t bytes = 0;
    for (int p = first; p < first + count; ++p) bytes += text_bytes[p];
    const int wanted =
        static_cast<int>(std::bit_width(static_cast<std::uint64_t>(bytes / shard_text_bytes)));
    const int bits = std::min(wanted, partitions.bits(source));
    const int width = count >> bits;
    for (int i = 0; i < 1 << bits; ++i) {
      shards.push_back({source, i, first + i * width, first + (i + 1) * width});
    }
  }
  return shards;
}

// Counts a document by the largest power of two that its size reaches.
void add_length(json& lengths, std::size_t bytes) {
  const auto bin = static_cast<std::size_t>(std::bit_width(bytes | 1)) - 1;
  while (lengths.size() <= bin) lengths.push_back(0);
  lengths[bin] = lengths[bin].get<std::int64_t>() + 1;
}

class ShardWriter {
 public:
  ShardWriter(const Job& job, const Order& order, SpilledDocuments& documents, const Shard& shard,
              int source_offset)
      : job_(job),
        order_(order),
        documents_(documents),
        shard_(shard),
        source_(source_offset + shard.source),
        folder_(job.config.output / documents_folder),
        suffix_(fmt::format("g{:03}-s{:03}-{:04}", job.generation, source_, shard.number)) {
    for (const char* kind : {"kept-", "removed-"}) {  // of an attempt that was interrupted
      std::filesystem::remove(folder_ / (kind + suffix_ + ".h5"));
    }
    kept_ = std::make_unique<KeptWriter>(folder_, "kept-" + suffix_);
    removed_ = std::make_unique<RemovedWriter>(folder_, "removed-" + suffix_);
    const DedupConfig& dedup = job.config.dedup;
    if (dedup.lines || dedup.paragraphs || dedup.spans) {
      cut_keys_.emplace(cut_keys_file(job, first_partition()), order.key_partitions);
    }
  }

  void write(const std::function<void(std::int64_t)>& advance) {
    std::vector<std::string> bits;
    for (int p = shard_.first_partition; p < shard_.end_partition; ++p) {
      bits.push_back(write_partition(p, advance));
    }
    std::vector<FileEntry> files;
    if (num_kept_ > 0) files.push_back(kept_->finish());
    if (num_removed_ > 0) files.push_back(removed_->finish());
    if (cut_keys_) cut_keys_->finish();
    SpillWriter out(job_.file("written", first_partition()), 1 + static_cast<int>(bits.size()));
    out.append(0, json({{"files", json_of(files)}, {"tally", tally_}}).dump());
    for (std::size_t i = 0; i < bits.size(); ++i) out.append(1 + static_cast<int>(i), bits[i]);
    out.finish();
  }

  int first_partition() const { return shard_.first_partition; }

 private:
  // Returns a byte for each document: 1 if it was kept.
  std::string write_partition(int partition, const std::function<void(std::int64_t)>& advance) {
    std::map<std::int64_t, Decision> decisions;
    for (const Decision& decision : load_decisions(job_, partition)) {
      decisions.emplace(decision.ordinal, decision);
    }
    const auto cuts = load_cuts(job_, partition);
    std::string kept;
    std::int64_t ordinal = order_.first[partition];
    for (DocumentRecord& record : documents_.records(partition)) {
      std::string& text = document_.text;
      text = documents_.text(record.at);
      advance(std::ssize(text));
      const auto cut = cuts.find(ordinal);
      const auto decision = decisions.find(ordinal++);
      if (decision != decisions.end()) {
        remove(record, text, decision->second);
      } else if (record.removed()) {
        remove(record, text, {0, {}, 0.0F, record.reason});
      } else if (cut != cuts.end() && is_blank(text = without(text, cut->second))) {
        remove(record, text, {0, {}, 0.0F, RemovalReason::cut_away});
      } else {
        keep(record, static_cast<std::uint32_t>(ordinal - 1));
        kept.push_back(1);
        continue;
      }
      kept.push_back(0);
    }
    return kept;
  }

  // document_, whose text is there.
  void keep(DocumentRecord& record, std::uint32_t ordinal) {
    const std::string& text = document_.text;
    if (cut_keys_) {
      for (const std::uint64_t key : cut_keys_of(text, job_.config.dedup)) {
        spill_keyed({key, ordinal}, order_, *cut_keys_);
      }
    }
    ++num_kept_;
    count_up(tally_, "out");
    count_up(tally_, "bytes_out", std::ssize(text));
    add_length(tally_["lengths"]["kept"], text.size());
    document_.id = std::move(record.id);
    document_.url = std::move(record.url);
    document_.meta = std::move(record.meta);
    document_.hash = record.at.hash;
    document_.source = source_;
    document_.num_shingles = record.at.num_shingles;
    kept_->add(document_);
  }

  void remove(DocumentRecord& record, const std::string& text, const Decision& decision) {
    ++num_removed_;
    const char* const stage = name_of(decision.reason);
    count_up(tally_["removed"], stage);
    add_length(tally_["lengths"]["removed"], text.size());
    const std::string excerpt = excerpt_of(text);
    json example = {{"id", record.id}, {"source", source_}, {"excerpt", excerpt}};
    if (decision.keeper != ContentHash{}) example["keeper_hash"] = decision.keeper.hex();
    if (decision.reason == RemovalReason::near_duplicate) example["jaccard"] = decision.jaccard;
    if (!record.detail.empty()) example["reason"] = record.detail;
    add_example(tally_["stages"][stage], record.at.hash, std::move(example));
    removed_->add({std::move(record.id), std::move(record.url), excerpt, std::move(record.detail),
                   job_.inputs.files[static_cast<std::size_t>(record.file)].name(), record.position,
                   record.at.hash, source_, decision.reason, decision.keeper, "",
                   decision.jaccard});
  }

  const Job& job_;
  const Order& order_;
  SpilledDocuments& documents_;
  Shard shard_;
  int source_;
  std::filesystem::path folder_;
  std::string suffix_;
  std::unique_ptr<KeptWriter> kept_;
  std::unique_ptr<RemovedWriter> removed_;
  std::optional<SpillWriter> cut_keys_;
  KeptDocument document_;  // kept, so that not each text is allocated
  std::int64_t num_kept_ = 0, num_removed_ = 0;
  json tally_ = json::object();
};

WrittenDocuments collect(const Job& job, const Order& order, const std::vector<Shard>& shards) {
  WrittenDocuments written;
  written.kept = Bitmap(order.count());
  written.sources.resize(job.sources.size(), json::object());
  for (const Shard& shard : shards) {
    const SpillReader file(job.file("written", shard.first_partition));
    const json summary = json::parse(file.read_partition(0));
    for (FileEntry& entry : files_of(summary.at("files"))) written.files.push_back(entry);
    add_tally(written.sources[static_cast<std::size_t>(shard.source)], summary.at("tally"));
    for (int p = shard.first_partition; p < shard.end_partition; ++p) {
      const std::string kept = file.read_partition(1 + p - shard.first_partition);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        if (kept[i] != 0) written.kept.set(order.first[p] + static_cast<std::int64_t>(i));
      }
    }
  }
  return written;
}

}  // namespace

std::filesystem::path cut_keys_file(const Job& job, int first_partition) {
  return job.file("cut-keys", first_partition);
}

WrittenDocuments run_write_stage(const Job& job, const Order& order, SpilledDocuments& documents,
                                 const Bitmap& removed, int source_offset) {
  const std::vector<std::int64_t> bytes = text_left(job, order, removed);
  const std::vector<Shard> shards = make_shards(job.partitions, bytes);
  run_tasks({"write", "B", std::ssize(shards),
             [&](std::int64_t i) {
               std::int64_t sum = 0;
               for (int p = shards[i].first_partition; p < shards[i].end_partition; ++p) {
                 sum += bytes[p];
               }
               return sum;
             },
             [&](std::int64_t i) {
               return std::filesystem::exists(job.file("written", shards[i].first_partition));
             },
             [&](std::int64_t i, const auto& advance) {
               ShardWriter(job, order, documents, shards[i], source_offset).write(advance);
             }},
            job);
  WrittenDocuments written;
  agree(job.world, [&] { written = collect(job, order, shards); });
  return written;
}

}  // namespace switchyard::prepare
