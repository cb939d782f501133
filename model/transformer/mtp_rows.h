// MtpRows: what a module of multi-token prediction reads and predicts in a micro-batch.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/batch.h"

namespace switchyard {

// Of each position i, both [T] i32: the token that is embedded, t[i + ahead], and the target, which
// is the batch's target at i + ahead. A position whose document ends in the row before i + ahead
// embeds its own token again, and has the target -1. Such positions are the last of their document,
// so that attention shows them to each other alone.
struct MtpRows {
  std::vector<std::int32_t> tokens, targets;
  std::int64_t num_targets = 0;  // those that are not -1

  // batch: on the host; not empty. ahead: from 1.
  MtpRows(const Batch& batch, std::int64_t ahead);
};

}  // namespace switchyard
