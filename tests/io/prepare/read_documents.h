// For tests of the stages after reading: a job whose documents were read, as the read stage leaves
// them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/prepare/stages/order_stage.h"
#include "io/prepare/work/spilled_documents.h"
#include "runtime/comm/agree.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {

// Documents of one source in two units and several partitions, their ids "0", "1", ... in the order
// of `texts`.
class ReadDocuments {
 public:
  // Collective. num_partitions: a power of two.
  ReadDocuments(Comm& world, const DedupConfig& dedup, const std::vector<std::string>& texts,
                int num_partitions = 8)
      : scratch_(world),
        config_(config_of(dedup)),
        job_{make_run(config_, world, progress_, scratch_.path()),
             0,
             {Source{}},
             Inputs{{}, std::vector<InputUnit>(num_units)},
             Partitions({std::int64_t{8 << 20} * num_partitions})} {
    on_root(world, [&] { spill(texts); });
    documents_.emplace(job_, 1 << 20);
    order_ = run_order_stage(job_, *documents_);
  }

  const Job& job() const { return job_; }
  const Order& order() const { return order_; }
  SpilledDocuments& documents() { return *documents_; }

  // The number in `texts` of each document, in canonical order.
  std::vector<std::size_t> numbers() const {
    std::vector<std::size_t> numbers;
    for (int partition = 0; partition < job_.partitions.count(); ++partition) {
      for (const DocumentRecord& record : documents_->records(partition)) {
        numbers.push_back(std::stoul(record.id));
      }
    }
    return numbers;
  }

 private:
  static constexpr std::size_t num_units = 2;

  static Config config_of(const DedupConfig& dedup) {
    Config config;
    config.dedup = dedup;
    return config;
  }

  void spill(const std::vector<std::string>& texts) {
    const int count = job_.partitions.count();
    for (std::size_t unit = 0; unit < num_units; ++unit) {
      SpillWriter file(job_.file("unit", static_cast<std::int64_t>(unit)), 2 * count + 1, 4096);
      for (std::size_t i = unit; i < texts.size(); i += num_units) {
        DocumentRecord record;
        record.id = std::to_string(i);
        record.at.hash = content_hash(texts[i]);
        record.at.normalized_hash = record.at.hash;
        record.at.text_bytes = static_cast<std::uint32_t>(texts[i].size());
        record.at.unit = static_cast<std::uint32_t>(unit);
        const int partition = job_.partitions.of(0, record.at.hash);
        record.at.place = file.append(text_partition(partition), texts[i]);
        std::string bytes;
        append_record(record, bytes);
        file.append(record_partition(partition, count), bytes);
      }
      file.finish();
    }
  }

  SharedScratch scratch_;
  Config config_;
  Progress progress_ = [](const auto&...) {};
  Job job_;
  std::optional<SpilledDocuments> documents_;
  Order order_;
};

}  // namespace switchyard::prepare
