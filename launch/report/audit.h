// Audit: which documents a step of a run was trained on, and in which steps a document was. The
// order of the data is a function of the seed and the step, so that nothing had to be written down.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/loader/phased_order.h"
#include "io/loader/row_table.h"
#include "io/loader/split_documents.h"
#include "io/prepare/store/kept_lookup.h"
#include "launch/config/config.h"

namespace switchyard {

class Audit {
 public:
  // Reads the run's config, attempts and metrics, and its dataset; writes nothing. Errors:
  // Exit::usage if the folder is not a run directory; Exit::data if the dataset is gone, or is not
  // the one that the run's newest checkpoint was trained on.
  explicit Audit(const std::filesystem::path& run);

  // step: from 1, as metrics.jsonl counts. {step, batch, state, sequences, tokens, documents:
  // [{document, id, source, licence, hash, slot, first_token, tokens}]}. batch: as step, another
  // one after the guard sent the run back. state: "done", "skipped" by the guard, or "planned". A
  // document's tokens count its boundary. Errors: Exit::usage for a step that the run does not
  // have.
  nlohmann::ordered_json step(std::int64_t step);
  // name: an id, or a content hash or the first digits of it. {document, id, source, licence, hash,
  // split, tokens, steps: [{step, slot, first_token, tokens}]}; only steps that are done. A
  // document that was held out has no steps. Errors: Exit::usage for another name, and for one that
  // several documents have.
  nlohmann::ordered_json document(const std::string& name);

 private:
  void read_course(const std::filesystem::path& run);
  std::int64_t batch_of(std::int64_t step) const;

  Config config_;
  std::optional<TokenStore> store_;
  std::optional<SplitDocuments> documents_;
  std::optional<RowTable> rows_;
  std::optional<PhasedOrder> order_;
  std::optional<prepare::KeptLookup> names_;
  std::int64_t steps_done_ = 0;
  // What happened on the way: the first step of each attempt, how many batches ahead of its steps
  // it was, and the steps whose batch was left out by the attempt that did them last.
  struct Course {
    std::int64_t first_step = 0, ahead = 0;
  };
  std::map<std::int64_t, Course> attempts_;
  std::map<std::int64_t, std::int64_t> skipped_;  // step, attempt
};

}  // namespace switchyard
