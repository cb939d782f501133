// For tests of what is compressed: one gzip member or zstd frame of some bytes.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <string>

#include "runtime/error.h"

namespace switchyard::prepare {

inline std::string gzip_of(const std::string& bytes) {
  constexpr int gzip_only = 16;
  z_stream stream{};
  require(
      deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + gzip_only, 8, Z_DEFAULT_STRATEGY) == Z_OK,
      "zlib cannot start");
  std::string result(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const int done = deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  require(done == Z_STREAM_END, "zlib made {}", done);
  return result;
}

inline std::string zstd_of(const std::string& bytes) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string result(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context, result.data(), result.size(), bytes.data(), bytes.size());
  ZSTD_freeCCtx(context);
  require(ZSTD_isError(size) == 0, "zstd: {}", ZSTD_getErrorName(size));
  result.resize(size);
  return result;
}

}  // namespace switchyard::prepare
