echo "$0 ran for $INPUT_WAY"
