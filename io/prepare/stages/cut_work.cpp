#include "io/prepare/stages/cut_work.h"

#include <numeric>
#include <span>

#include "io/files/file.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

std::vector<std::int64_t> count_text_bytes(const Job& job) {
  std::vector<std::int64_t> bytes(static_cast<std::size_t>(job.partitions.count()));
  for (std::int64_t unit = 0; unit < std::ssize(job.inputs.units); ++unit) {
    const SpillReader texts(job.file("unit", unit));
    for (const auto& block : texts.blocks()) {
      if (block.partition < job.partitions.count()) bytes.at(block.partition) += block.bytes;
    }
  }
  return bytes;
}

}  // namespace

const char* name_of(CutKind kind) {
  switch (kind) {
    case CutKind::spans:
      return "spans";
    case CutKind::lines:
      return "lines";
    case CutKind::paragraphs:
      return "paragraphs";
  }
  fail(Exit::internal, "a kind of cut {} has no name", static_cast<int>(kind));
}

std::vector<CutKind> cut_kinds(const DedupConfig& config) {
  std::vector<CutKind> kinds;
  if (config.spans) kinds.push_back(CutKind::spans);
  if (config.lines) kinds.push_back(CutKind::lines);
  if (config.paragraphs) kinds.push_back(CutKind::paragraphs);
  return kinds;
}

CutWork::CutWork(const Job& the_job, const Order& the_order, SpilledDocuments& spilled,
                 const Bitmap& duplicates, EarlierDocuments& earlier_documents)
    : job(the_job),
      order(the_order),
      documents(spilled),
      removed(duplicates),
      earlier(earlier_documents),
      text_bytes(count_text_bytes(job)),
      total_bytes(std::accumulate(text_bytes.begin(), text_bytes.end(), std::int64_t{0})) {}

void CutWork::over_documents(const std::string& stage, const std::string& files,
                             const std::function<void(int)>& run) const {
  run_tasks({stage, "B", job.partitions.count(), [&](std::int64_t i) { return text_bytes[i]; },
             [&](std::int64_t i) { return std::filesystem::exists(job.file(files, i)); },
             [&](std::int64_t i, const auto& advance) {
               run(static_cast<int>(i));
               advance(text_bytes[i]);
             }},
            job);
}

void CutWork::for_each_text(int partition,
                            const std::function<void(std::uint32_t, std::string)>& each) const {
  std::int64_t ordinal = order.first[partition];
  for (const Locator& at : locators(partition)) {
    if (at.removed == 0 && !removed.test(ordinal)) {
      each(static_cast<std::uint32_t>(ordinal), std::string(documents.text(at)));
    }
    ++ordinal;
  }
}

std::vector<Locator> CutWork::locators(int partition) const {
  const std::int64_t first = order.first[partition];
  std::vector<Locator> places(static_cast<std::size_t>(order.first[partition + 1] - first));
  const auto bytes = std::as_writable_bytes(std::span(places));
  require(durable::File::open_for_reading(order.locators)
                  .read_at(first * std::int64_t{sizeof(Locator)}, bytes) == std::ssize(bytes),
          Exit::data, "the work file {} is cut short: remove {} and run the same command again",
          order.locators.string(), job.work.string());
  return places;
}

std::vector<std::filesystem::path> CutWork::files(const std::string& name, int count) const {
  std::vector<std::filesystem::path> paths;
  for (int i = 0; i < count; ++i) paths.push_back(job.file(name, i));
  return paths;
}

}  // namespace switchyard::prepare
