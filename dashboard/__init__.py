"""The pages: read the selection, ask, hand the answer to a chart, draw. The only room that knows Streamlit."""
