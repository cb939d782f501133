#include "model/transformer/mtp_rows.h"

namespace switchyard {

MtpRows::MtpRows(const Batch& batch, std::int64_t ahead) {
  const auto* token = batch.tokens.as<std::int32_t>();
  const auto* target = batch.targets.as<std::int32_t>();
  const auto* position = batch.positions.as<std::int32_t>();
  const std::int64_t count = batch.num_tokens();
  tokens.assign(token, token + count);
  targets.assign(static_cast<std::size_t>(count), -1);
  for (std::int64_t i = 0; i < count; ++i) {
    // Positions count on to the end of a document, and start again in the next one.
    const bool in_row = i % batch.sequence_length + ahead < batch.sequence_length;
    if (!in_row || position[i + ahead] != position[i] + ahead) continue;
    tokens[static_cast<std::size_t>(i)] = token[i + ahead];
    targets[static_cast<std::size_t>(i)] = target[i + ahead];
    num_targets += target[i + ahead] >= 0 ? 1 : 0;
  }
}

}  // namespace switchyard
