#include "launch/report/audit.h"

#include <fstream>
#include <set>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/folder/committed_folder.h"
#include "io/loader/row_table_writer.h"
#include "io/prepare/account/explain.h"
#include "io/report/report_values.h"
#include "launch/run/attempts.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/run_directory.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// The newest committed checkpoint that can be opened.
std::optional<CheckpointReader> newest_checkpoint(const fs::path& run) {
  std::vector<CheckpointStatus> all = find_checkpoints(run);
  for (std::size_t i = all.size(); i-- > 0;) {
    if (all[i].committed && all[i].problem.empty() && !all[i].superseded)
      return CheckpointReader(all[i].folder);
  }
  return std::nullopt;
}

// Where the run packed its rows; empty: they are gone.
fs::path packed_rows(const TokenStore& store, RowForm form, const fs::path& run) {
  for (const fs::path& parent : {store.dataset(), run}) {
    const fs::path folder = parent / rows_folder(store, form);
    if (is_committed(folder)) return folder;
  }
  return {};
}

}  // namespace

Audit::Audit(const fs::path& run) {
  const RunDirectory directory(run);
  require(directory.used(), Exit::usage,
          "{} is not a run directory: name one that `switchyard train` wrote", run.string());
  config_ = load_config({{}, directory.config_file(), {}});
  const auto checkpoint = newest_checkpoint(run);
  store_.emplace(checkpoint ? dataset_of(*checkpoint) : fs::path(config_.data.dataset));
  if (checkpoint) {
    const std::string trained_on = checkpoint->fields().object("dataset").text("hash");
    require(trained_on == store_->hash(), Exit::data,
            "{} has changed since the run trained on it (hash {}, then {}): restore it, so that "
            "the order of its documents is known",
            store_->dataset().string(), store_->hash(), trained_on);
  }
  documents_.emplace(*store_, "train");
  const RowForm form(config_.data.sequence_length, config_.data.loss_on);
  const fs::path packed = packed_rows(*store_, form, run);
  if (packed.empty()) {
    rows_.emplace(*store_, "train", form);
  } else {
    rows_.emplace(packed, *store_, "train", form);
  }
  const TrainConfig& train = config_.train;
  order_.emplace(store_->sources(), rows_->source_rows(), config_.data.weights, config_.data.phases,
                 static_cast<std::uint64_t>(train.seed),
                 StepSamples(train.batch_ramp, train.global_batch_size, train.micro_batch_size));
  names_.emplace(store_->dataset());
  read_course(run);
}

void Audit::read_course(const fs::path& run) {
  steps_done_ = RunDirectory(run).read_state().step;
  for (const Attempt& attempt : all_attempts(run)) {
    const auto from = parse_checkpoint_folder_name(attempt.resumed_from);
    attempts_[attempt.number] = {from ? from->step : 0, 0};
  }
  std::ifstream file(RunDirectory(run).metrics_file());
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object()) continue;
    const std::int64_t step = integer_at(object, "step"), attempt = integer_at(object, "attempt");
    const std::string kind = text_at(object, "kind");
    if (kind == "skip") skipped_[step] = attempt;
    if (kind == "step" && object.contains("batch"))
      attempts_[attempt].ahead = integer_at(object, "batch") - step;
  }
}

std::int64_t Audit::batch_of(std::int64_t step) const {
  std::int64_t ahead = 0;
  for (const auto& [number, attempt] : attempts_) {
    if (attempt.first_step < step) ahead = attempt.ahead;  // this attempt did the step again
  }
  return step + ahead;
}

nlohmann::ordered_json Audit::step(std::int64_t step) {
  require(step >= 1 && step <= config_.train.steps, Exit::usage,
          "the run has the steps 1 to {}, and no step {}", config_.train.steps, step);
  const std::int64_t batch = batch_of(step);
  nlohmann::ordered_json found = {{"step", step},
                                  {"batch", batch},
                                  {"state", step > steps_done_        ? "planned"
                                            : skipped_.contains(step) ? "skipped"
                                                                      : "done"},
                                  {"sequences", order_->batch_size(batch - 1)},
                                  {"tokens", 0},
                                  {"documents", nlohmann::ordered_json::array()}};
  std::int64_t tokens = 0;
  for (std::int64_t slot = 0; slot < order_->batch_size(batch - 1); ++slot) {
    for (const Piece& piece : rows_->pieces(order_->row(batch - 1, slot))) {
      const std::int64_t document = documents_->document_at(piece.start);
      nlohmann::ordered_json one = {{"document", document}};
      one.update(names_->describe(documents_->hash(document), documents_->source(document)));
      one["slot"] = slot;
      one["first_token"] = piece.start - documents_->piece(document).start;
      one["tokens"] = piece.length;
      tokens += piece.length;
      found["documents"].push_back(std::move(one));
    }
  }
  found["tokens"] = tokens;
  return found;
}

nlohmann::ordered_json Audit::document(const std::string& name) {
  const prepare::Explanation named =
      prepare::explain(prepare::DocumentStore(store_->dataset()), name);
  require(!named.kept.empty(), Exit::usage,
          "{} is not in the dataset of the run: `switchyard explain` says why", name);
  require(named.kept.size() == 1, Exit::usage,
          "{} names several documents: give the content hash of one", name);
  const prepare::KeptDocument& document = named.kept.front().document;
  const auto number = documents_->find(document.hash);
  nlohmann::ordered_json found = names_->describe(document.hash, document.source);
  found["split"] = number ? "train" : "validation";
  found["steps"] = nlohmann::ordered_json::array();
  if (!number) return found;
  const Piece& whole = documents_->piece(*number);
  found["document"] = *number;
  found["tokens"] = whole.length;
  std::map<std::int64_t, std::vector<Piece>> parts;  // by row
  for (std::int64_t row = 0; row < rows_->num_rows(); ++row) {
    for (const Piece& piece : rows_->pieces(row)) {
      if (piece.start >= whole.start && piece.start < whole.start + whole.length)
        parts[row].push_back(piece);
    }
  }
  for (std::int64_t step = 1; step <= steps_done_; ++step) {
    if (skipped_.contains(step)) continue;
    const std::int64_t batch = batch_of(step) - 1;
    for (std::int64_t slot = 0; slot < order_->batch_size(batch); ++slot) {
      const auto row = parts.find(order_->row(batch, slot));
      if (row == parts.end()) continue;
      for (const Piece& piece : row->second)
        found["steps"].push_back({{"step", step},
                                  {"slot", slot},
                                  {"first_token", piece.start - whole.start},
                                  {"tokens", piece.length}});
    }
  }
  return found;
}

}  // namespace switchyard
